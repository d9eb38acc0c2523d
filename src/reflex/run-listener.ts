import type { StatusKeeper } from "./run-status.ts";

/** What a consumer hears of its runs, so that it can tell how it is doing. */
export interface RunListener {
  /** A run has begun. */
  begins(run: StatusKeeper): void;
  /** A run has ended. */
  ends(run: StatusKeeper): void;
  /** The stream of a run waits for events, and nothing stands in its way. Called now and then while that lasts. */
  caughtUp(): void;
}

// By the function that tells the status: it is the same in a copy of a consumer that has another `consume`.
const listeners = new WeakMap<object, RunListener>();

/** Declares who is told of the runs of consumers with this `status` function. */
export function declareRunListener(status: () => unknown, listener: RunListener): void {
  listeners.set(status, listener);
}

/** Who is told of the runs of a consumer with this `status`. */
export function runListenerOf(status: unknown): RunListener | undefined {
  return typeof status === "function" ? listeners.get(status) : undefined;
}
