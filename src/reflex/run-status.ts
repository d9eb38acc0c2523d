/**
 * What a run is doing.
 *
 * - `starting`: it has not opened its stream yet.
 * - `running`: its stream is open. It delivers events, or waits for the next one.
 * - `retrying`: an attempt has failed. `runForever` waits for the next one, or that one has not opened its stream yet.
 * - `held`: the table no longer fits the consumer's position. `runForever` delivers nothing, and waits for a person.
 * - `paused`: a person has paused the consumer.
 * - `retired`: a person has retired the consumer. `runForever` looks now and then whether it is resumed.
 * - `ended`: its promise is settled.
 */
export type RunState = "starting" | "running" | "retrying" | "held" | "paused" | "retired" | "ended";

/** What a run is doing at one moment. */
export interface RunStatus {
  /** What the run is doing. */
  readonly state: RunState;
  /** When the run came into this state. */
  readonly since: Date;
  /** Why it is `retrying`, `held` or `retired`, or what has ended it. Undefined in other states, and when it has ended well. */
  readonly error?: unknown;
  /** How long the wait before the next attempt is, in ms. Undefined if the run does not wait for one. */
  readonly retryInMs?: number | undefined;
}

/** The promise of a run, which also tells what the run is doing. */
export type Running = Promise<void> & {
  /** What the run is doing now. Cheap enough for every health check. */
  status(): RunStatus;
};

type Details = Pick<RunStatus, "error" | "retryInMs">;

/** The status of one run. */
export class StatusKeeper {
  #status: RunStatus = { state: "starting", since: new Date() };

  get status(): RunStatus {
    return this.#status;
  }

  /** A state that goes on keeps its time, with the details of now. */
  enter(state: RunState, details: Details = {}): void {
    const since = state === this.#status.state ? this.#status.since : new Date();
    this.#status = { state, since, ...details };
  }
}

/** Begins a run, whose parts keep its status. */
export function running(work: (status: StatusKeeper) => Promise<void>): Running {
  const keeper = new StatusKeeper();
  const ended = work(keeper).then(
    () => keeper.enter("ended"),
    (error: unknown) => {
      keeper.enter("ended", { error });
      throw error;
    },
  );
  return Object.assign(ended, { status: () => keeper.status });
}
