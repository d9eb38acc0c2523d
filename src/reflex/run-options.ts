import { aDuration, aFiniteDuration, aLogger, aSignal, type OptionChecks, oneOf } from "../options/check-options.ts";
import type { Logger, Observer } from "./observer.ts";
import { anObserver } from "./observer-check.ts";

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
   * The longest that the consumer may work on one event, in ms, `recover` included. After it the consumer's signal is aborted
   * with a ReflexError `handling_timeout`, and the run rejects with that once the work has ended, or has gone on for
   * `shutdownMs`. Whatever comes of the work, the cursor stays before the event, so that it comes again: with `runForever`
   * in its next try. No other event is handled meanwhile. Work that does not heed its signal is left behind after `shutdownMs`,
   * and may then go on beside the next try. @defaultValue none: the consumer may take as long as it likes
   */
  handlingTimeoutMs?: number | undefined;
  /**
   * Told of each event that the consumer has finished with (`consume`), of a consumer that is held or paused (`hold`), of
   * long waits (`stall`), and of errors with which the run does not reject (`error`). The run's stream and cursor store tell it
   * too, if their tables have no observer. @defaultValue none; holds, stalls and such errors go to `logger`
   */
  observer?: Observer | undefined;
  /**
   * Takes warnings where the observer has no `error`, `hold` or `stall`; those of the run's stream and cursor store too, if
   * their tables have no logger. @defaultValue `process.emitWarning`
   */
  logger?: Logger | undefined;
}

/** A time within which work can be done. */
const aWorkingTime = (value: unknown): string | undefined =>
  typeof value === "number" && value > 0 ? undefined : "a number of ms, more than 0";

export const runChecks: OptionChecks<RunOptions> = {
  signal: aSignal,
  shutdownMs: aDuration,
  flushMs: aDuration,
  handlingTimeoutMs: aWorkingTime,
  observer: anObserver,
  logger: aLogger,
};

/** How a run ends, whom it tells, and how long it waits before the next one. */
export interface RunForeverOptions extends RunOptions {
  /**
   * The wait after the first error, in ms. It doubles with each error that follows before the cursor has moved.
   * @defaultValue 100
   */
  minBackoffMs?: number | undefined;
  /** The longest wait between two runs, in ms. @defaultValue 30 000 */
  maxBackoffMs?: number | undefined;
  /**
   * What to do when the table no longer fits the consumer's position: `history_rewritten`, `cursor_ahead`,
   * `cursor_row_missing` or `history_pruned`. With "hold", nothing is delivered, `observer.hold` is told at once and
   * every minute, and the table is looked at every few seconds. The consumer goes on when a person has moved its cursor or
   * accepted the table, as the error says; or by itself, when the row at its cursor is again the one that it has passed.
   * With "end", the run rejects with the fault. @defaultValue "hold"
   */
  onPositionFault?: "hold" | "end" | undefined;
}

export const foreverChecks: OptionChecks<RunForeverOptions> = {
  ...runChecks,
  minBackoffMs: aFiniteDuration,
  maxBackoffMs: aFiniteDuration,
  onPositionFault: oneOf("hold", "end"),
};
