import { showWithCauses } from "../errors/show-error.ts";
import { Ticker } from "../waiting/ticker.ts";
import type { CursorStore } from "./cursor-store.ts";
import type { Reporting, StallReport } from "./observer.ts";
import type { RunProgress, RunWait } from "./run-progress.ts";
import type { ToldWait, WaitCause } from "./wait-cause.ts";

// How often all runs are looked at. A stall is told within 5 s: asked for at 2.25 s at the latest, which takes 2 s at the
// most, and told at 4.75 s at the latest.
const LOOK_MS = 250;
const ASK_AFTER_MS = 2000;
const TELL_AFTER_MS = 4000;
const TELL_UNANSWERED_AFTER_MS = 4500;
// A stream may know only after about 4 s that something stands in its way.
const IDLE_AFTER_MS = 5000;

const looks = new Ticker(LOOK_MS);

/** A wait of the run that is shown as a stall. */
export interface Stall extends ToldWait {
  /** The id of the event at hand; undefined if there is none. */
  readonly event: string | undefined;
}

export interface RunWatchSource {
  readonly consumer: string;
  readonly reporting: Reporting;
  readonly progress: RunProgress;
  readonly cursors: Pick<CursorStore, "waitFor">;
  /** Called at each look at a stream of which the cursor was moved past an event. */
  readonly hasMoved: () => void;
  /** Called once a wait for events in which nothing stands in the way has lasted for some time. */
  readonly caughtUp: () => void;
}

/** A wait as it is looked at. */
interface Seen {
  readonly wait: RunWait;
  /** What was answered last; undefined if nothing stands in the way. */
  cause: WaitCause | undefined;
  /** What was answered before that. */
  before: WaitCause | undefined;
  asking: boolean;
  nextAskMs: number;
  /** The cause of the stall; undefined while there is none. */
  stall: WaitCause | undefined;
}

/** A stall that was told. It lasts from attempt to attempt until the run goes on. */
interface Told {
  readonly what: string;
  readonly sinceMs: number;
  readonly cause: WaitCause;
}

/**
 * Looks now and then whether a run waits for long, asks why, tells it, and tells when the run goes on. Its looks are all that
 * a run pays for that: nothing is done for each event.
 */
export class RunWatch {
  readonly #source: RunWatchSource;
  #seen: Seen | undefined;
  #told: Told | undefined;

  constructor(source: RunWatchSource) {
    this.#source = source;
  }

  /** Begins to look. Returns a function that ends it, which is given whether the run has done all that it was to do. */
  start(): (isDone: boolean) => void {
    const end = looks.listen(() => this.look(performance.now()));
    return (isDone) => {
      end();
      this.#seen = undefined;
      if (isDone && this.#told !== undefined) this.#resume(this.#told, performance.now());
    };
  }

  /** What the run is stalled on, or what its store does for it by itself, which the store tells; undefined if neither is. */
  get stall(): Stall | undefined {
    const { consumer, cursors, progress } = this.#source;
    const { wait, stall: cause } = this.#seen ?? {};
    const now = progress.wait;
    const event = now?.event;
    if (wait !== undefined && cause !== undefined && isSame(wait, now)) {
      return { since: dateOf(wait.sinceMs), cause, event };
    }
    const ofStore = cursors.waitFor?.(consumer);
    return ofStore && { ...ofStore, event };
  }

  /** Looks at what the run does. `nowMs` is as `performance.now()` gives it. */
  look(nowMs: number): void {
    const { progress, hasMoved } = this.#source;
    if (progress.hasMoved) hasMoved();
    const { wait } = progress;
    if (!isSame(this.#seen?.wait, wait)) this.#turnTo(wait, nowMs);
    const seen = this.#seen;
    if (seen === undefined) return;
    const waitedMs = nowMs - seen.wait.sinceMs;
    if (waitedMs >= ASK_AFTER_MS && nowMs >= seen.nextAskMs && !seen.asking) void this.#ask(seen, nowMs);
    if (waitedMs >= (seen.asking ? TELL_UNANSWERED_AFTER_MS : TELL_AFTER_MS)) this.#judge(seen, nowMs);
  }

  #turnTo(wait: RunWait | undefined, nowMs: number): void {
    this.#seen =
      wait === undefined
        ? undefined
        : { wait, cause: undefined, before: undefined, asking: false, nextAskMs: 0, stall: undefined };
    // An attempt that fails leaves the run without a wait: it still stands where it stood.
    if (this.#told !== undefined && this.#goesOn(wait)) this.#resume(this.#told, nowMs);
  }

  /** Whether the run is beyond what was told. */
  #goesOn(wait: RunWait | undefined): boolean {
    return wait !== undefined && this.#source.progress.isStreaming;
  }

  async #ask(seen: Seen, nowMs: number): Promise<void> {
    seen.asking = true;
    const cause = await causeOf(seen.wait);
    seen.before = seen.cause;
    seen.cause = cause;
    seen.asking = false;
    // What has just begun to take long shows no cause yet.
    seen.nextAskMs =
      nowMs +
      (seen.cause === undefined && seen.wait.why !== undefined && seen.wait.kind === "step" ? LOOK_MS : ASK_AFTER_MS);
    const isIdle = seen.wait.kind === "events" && cause === undefined && nowMs - seen.wait.sinceMs >= IDLE_AFTER_MS;
    if (isIdle && this.#seen === seen) this.#source.caughtUp();
  }

  /** Decides whether a wait of this length is a stall, and tells it. */
  #judge(seen: Seen, nowMs: number): void {
    const { wait, cause } = seen;
    seen.stall = stallOf(seen);
    // A stream tells of its own stalls.
    if (wait.kind === "events") return;
    if (seen.stall !== undefined) this.#tell(wait, seen.stall, nowMs);
    else if (cause === undefined && this.#told?.what === wait.what) this.#resume(this.#told, nowMs);
  }

  #tell(wait: RunWait, cause: WaitCause, nowMs: number): void {
    const told = this.#told;
    if (told?.what === wait.what && isSameCause(told.cause, cause)) return;
    const sinceMs = told?.what === wait.what ? told.sinceMs : wait.sinceMs;
    this.#told = { what: wait.what, sinceMs, cause };
    const { consumer } = this.#source;
    const message = `consumer ${consumer} has waited ${seconds(nowMs - sinceMs)} for ${wait.what}: ${cause.message}`;
    this.#report(this.#told, { state: "stalled", waitedMs: nowMs - sinceMs, message });
  }

  #resume(told: Told, nowMs: number): void {
    this.#told = undefined;
    const waitedMs = nowMs - told.sinceMs;
    const message = `consumer ${this.#source.consumer} goes on, having waited ${seconds(waitedMs)} for ${told.what}`;
    this.#report({ ...told, cause: { ...told.cause, blockedBy: undefined } }, { state: "resumed", waitedMs, message });
  }

  #report({ cause: { reason, blockedBy } }: Told, report: Pick<StallReport, "state" | "waitedMs" | "message">): void {
    const { reporting, consumer, progress } = this.#source;
    const { table, position: prev } = progress;
    reporting.stall({ table, consumer, prev, next: "", reason, blockedBy, ...report });
  }
}

async function causeOf({ why }: RunWait): Promise<WaitCause | undefined> {
  try {
    return await why?.();
  } catch (error) {
    return { reason: "unknown", message: `asking why has failed: ${showWithCauses(error)}` };
  }
}

function isSame(a: RunWait | undefined, b: RunWait | undefined): boolean {
  return a?.what === b?.what && a?.sinceMs === b?.sinceMs;
}

function isSameCause(a: WaitCause, b: WaitCause): boolean {
  return a.reason === b.reason && a.blockedBy?.threadId === b.blockedBy?.threadId;
}

/** The cause of a wait of this length; undefined if the wait is none to be told. */
function stallOf({ wait, cause, before, stall }: Seen): WaitCause | undefined {
  // The consumer may take long, and a stream at its head waits: only a cause makes a stall of that. A pool is drained for a
  // moment now and then, so that this counts only when it was seen twice in a row.
  if (wait.kind === "step") return cause ?? stall ?? causeless(wait);
  return wait.kind === "work" && before === undefined ? undefined : cause;
}

function causeless({ why }: RunWait): WaitCause {
  const message =
    why === undefined
      ? "what it waits for can't be asked why"
      : "no answer has come yet, and what it waits for shows no cause";
  return { reason: "unknown", message };
}

/** The date of a time of `performance.now()`. */
export function dateOf(ms: number): Date {
  return new Date(Math.round(Date.now() - (performance.now() - ms)));
}

function seconds(waitedMs: number): string {
  return `${Math.round(waitedMs / 1000)} s`;
}
