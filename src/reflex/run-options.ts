import { aDuration, aLogger, anObject, aSignal, type OptionChecks } from "../options/check-options.ts";
import type { Logger, Observer } from "./observer.ts";

/** How a run ends, and whom it tells how it goes. */
export interface RunOptions {
  /** Aborting it ends the run once the event at hand is consumed. */
  signal?: AbortSignal | undefined;
  /**
   * The longest to wait, after an abort, for the event at hand, and then for the consumer's `stop`, in ms. What takes
   * longer is left behind. @defaultValue 10 000
   */
  shutdownMs?: number | undefined;
  /** The longest to wait, at the end of the run, for cursors to be written, in ms. @defaultValue 5000 */
  flushMs?: number | undefined;
  /**
   * Told of each event that the consumer has finished with (`consume`), and of errors with which the run does not
   * reject (`error`). @defaultValue none; such errors go to `logger`
   */
  observer?: Observer | undefined;
  /** Takes warnings of such errors if the observer has no `error`. @defaultValue `process.emitWarning` */
  logger?: Logger | undefined;
}

export const runChecks: OptionChecks<RunOptions> = {
  signal: aSignal,
  shutdownMs: aDuration,
  flushMs: aDuration,
  observer: anObject,
  logger: aLogger,
};
