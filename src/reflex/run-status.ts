import type { RunProgress } from "./run-progress.ts";
import { dateOf, type RunWatch } from "./run-watch.ts";
import type { WaitCause } from "./wait-cause.ts";

/**
 * What a run is doing.
 *
 * - `starting`: it has not opened its stream yet.
 * - `waiting`: its stream is open, and no event is at hand.
 * - `handling`: an event is at hand. The consumer is at work on it, or the cursor is being moved past it.
 * - `retrying`: an attempt has failed. `runForever` waits for the next one, or that one has not opened its stream yet.
 * - `stalled`: something stands in the way for 4 s or more, see `stalledOn`: of the run, or of what its store does for it by
 *   itself, such as writing its cursor. A consumer that just takes long is no stall.
 * - `hold`: the table no longer fits the consumer's position. `runForever` delivers nothing, and waits for a person.
 * - `paused`: a person has paused the consumer.
 * - `retired`: a person has retired the consumer. `runForever` looks now and then whether it is resumed.
 * - `stopped`: its promise is settled.
 */
export type RunState =
  | "starting"
  | "waiting"
  | "handling"
  | "retrying"
  | "stalled"
  | "hold"
  | "paused"
  | "retired"
  | "stopped";

/** What a run is doing at one moment. */
export interface RunStatus {
  /** What the run is doing. */
  readonly state: RunState;
  /** When that began: for `handling` the work on this event, for `stalled` the wait. */
  readonly since: Date;
  /** The consumer's cursor, in decimal; "" if it has none, or it was not read yet. */
  readonly position: string;
  /** The id of the event at hand. Undefined if there is none. */
  readonly event?: string | undefined;
  /** What stands in the way. Undefined if the run is not `stalled`. */
  readonly stalledOn?: WaitCause | undefined;
  /** Why it is `retrying`, `hold` or `retired`, or what has stopped it. Undefined in other states, and when it has ended well. */
  readonly error?: unknown;
  /** How long the wait before the next attempt is, in ms. Undefined if the run does not wait for one. */
  readonly retryInMs?: number | undefined;
  /** The latest error, also one that the run has got over. Undefined if there was none. */
  readonly lastError?: LastError | undefined;
}

/** An error of a run, and when it came. */
export interface LastError {
  /** What was thrown. */
  readonly error: unknown;
  /** When. */
  readonly at: Date;
}

/** The promise of a run, which also tells what the run is doing. */
export type Running = Promise<void> & {
  /** What the run is doing now. Cheap enough for every health check. */
  status(): RunStatus;
};

/** What of its state a run says itself. While it is `streaming`, what it does is looked up when somebody asks. */
export type RunPhase = Exclude<RunState, "waiting" | "handling" | "stalled"> | "streaming";

type Details = Pick<RunStatus, "error" | "retryInMs">;

interface Phase extends Details {
  readonly name: RunPhase;
  readonly since: Date;
}

/** What a run does, as its status tells it. */
export interface RunDoings {
  readonly progress: RunProgress;
  readonly watch: RunWatch;
}

/** The status of one run. */
export class StatusKeeper {
  #phase: Phase = { name: "starting", since: new Date() };
  #doings: RunDoings | undefined;
  #lastError: LastError | undefined;

  get status(): RunStatus {
    const { name, ...phase } = this.#phase;
    const common = { position: this.#doings?.progress.position ?? "", lastError: this.#lastError };
    return (
      this.#stalled(common) ?? (name === "streaming" ? this.#streaming(common) : { state: name, ...phase, ...common })
    );
  }

  /** From now on the status tells of this. */
  attach(doings: RunDoings): void {
    this.#doings = doings;
  }

  /** A phase that goes on keeps its time, with the details of now. */
  enter(name: RunPhase, details: Details = {}): void {
    const since = name === this.#phase.name ? this.#phase.since : new Date();
    this.#phase = { name, since, ...details };
    if (details.error !== undefined && details.error !== this.#lastError?.error) {
      this.#lastError = { error: details.error, at: new Date() };
    }
  }

  #stalled(common: Pick<RunStatus, "position" | "lastError">): RunStatus | undefined {
    const { name, retryInMs } = this.#phase;
    const mayStall = name === "streaming" || name === "starting" || (name === "retrying" && retryInMs === undefined);
    const stall = mayStall ? this.#doings?.watch.stall : undefined;
    if (stall === undefined) return undefined;
    const { since, event, cause } = stall;
    return { state: "stalled", since, event, stalledOn: cause, ...common };
  }

  #streaming(common: Pick<RunStatus, "position" | "lastError">): RunStatus {
    const { event, sinceMs = performance.now() } = this.#doings?.progress.wait ?? {};
    return { state: event === undefined ? "waiting" : "handling", since: dateOf(sinceMs), event, ...common };
  }
}

/** Begins a run, whose parts keep its status. */
export function running(work: (status: StatusKeeper) => Promise<void>): Running {
  const keeper = new StatusKeeper();
  const ended = work(keeper).then(
    () => keeper.enter("stopped"),
    (error: unknown) => {
      keeper.enter("stopped", { error });
      throw error;
    },
  );
  return Object.assign(ended, { status: () => keeper.status });
}
