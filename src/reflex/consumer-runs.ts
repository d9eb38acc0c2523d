import type { Consumer } from "./consumer.ts";
import type { StatusKeeper } from "./run-status.ts";
import { unwrapped } from "./wrapped-consumer.ts";

/** What a consumer hears of its runs, so that it can tell how it is doing. */
export interface RunListener {
  /** A run has begun. */
  begins(run: StatusKeeper): void;
  /** A run has ended. */
  ends(run: StatusKeeper): void;
  /** The stream of a run waits for events, and nothing stands in its way. Called now and then while that lasts. */
  caughtUp(): void;
}

const deaf: RunListener = { begins: () => undefined, ends: () => undefined, caughtUp: () => undefined };

// By the function that tells the status: it is the same in a copy of a consumer that has another `consume`.
const listeners = new WeakMap<object, RunListener>();

/** Declares who is told of the runs of consumers with this `status` function. */
export function declareRunListener(status: () => unknown, listener: RunListener): void {
  listeners.set(status, listener);
}

/** Who is told of the runs of this consumer, or of the one that it wraps. */
export function runListenerOf<T extends number>(consumer: Consumer<T>): RunListener {
  for (const one of [consumer, unwrapped(consumer)]) {
    const { status } = one as { status?: unknown };
    const listener = typeof status === "function" ? listeners.get(status) : undefined;
    if (listener !== undefined) return listener;
  }
  return deaf;
}
