import { isMistake, rangeMistake } from "../errors/reflex-error.ts";
import { aFiniteDuration, checkOptions, type OptionChecks } from "../options/check-options.ts";
import { sleep } from "../waiting/sleep.ts";
import { Reporting } from "./observer.ts";
import { RunOnce } from "./run-once.ts";
import { type RunOptions, runChecks } from "./run-options.ts";
import { checkSpec, type Spec } from "./spec.ts";

/** How a run ends, whom it tells, and how long it waits before the next one. */
export interface RunForeverOptions extends RunOptions {
  /**
   * The wait after the first error, in ms. It doubles with each error that follows before the cursor has moved.
   * @defaultValue 100
   */
  minBackoffMs?: number | undefined;
  /** The longest wait between two runs, in ms. @defaultValue 30 000 */
  maxBackoffMs?: number | undefined;
}

const checks: OptionChecks<RunForeverOptions> = {
  ...runChecks,
  minBackoffMs: aFiniteDuration,
  maxBackoffMs: aFiniteDuration,
};

/**
 * Runs as {@link run} does, and starts again after every error, from the consumer's cursor. The wait before it doubles
 * with each error and is jittered, so that many processes don't come back in step. Each error goes to `observer.error`,
 * or to the logger if there is none.
 *
 * It ends in three ways only. It rejects with the signal's reason at an abort, and with a programmer's mistake, which
 * no retry can mend. It resolves when the stream ends by itself.
 * @example
 * const stopping = new AbortController();
 * process.once("SIGTERM", () => stopping.abort());
 * await runForever({ stream: orders.toStream(pool), cursors: cursors.toStore(pool), consumer }, { signal:
 * stopping.signal });
 */
export async function runForever<T extends number>(spec: Spec<T>, options: RunForeverOptions = {}): Promise<void> {
  checkSpec(spec);
  checkOptions("runForever", options, checks);
  const { minBackoffMs = 100, maxBackoffMs = 30_000, ...runOptions } = options;
  checkBackoff(minBackoffMs, maxBackoffMs);
  const { signal } = runOptions;
  const reporting = new Reporting([runOptions.observer], runOptions.logger);
  let failures = 0;
  // The count of failures starts anew only when the cursor has moved, not when an event was consumed. Where the cursor
  // can't be moved, that event would be consumed again and again without a pause.
  const onAdvanced = (): void => {
    failures = 0;
  };
  for (;;) {
    try {
      return await new RunOnce(spec, runOptions, onAdvanced).execute();
    } catch (error) {
      if (isMistake(error)) throw error;
      const aborted = signal?.aborted === true;
      if (aborted && error === signal.reason) throw error;
      const retryInMs = jittered(Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(failures++, 30)));
      const report = { activity: "run", name: spec.consumer.name, error };
      reporting.error(aborted ? report : { ...report, retryInMs });
      await sleep(retryInMs, { signal });
    }
  }
}

function checkBackoff(minBackoffMs: number, maxBackoffMs: number): void {
  if (minBackoffMs <= maxBackoffMs) return;
  throw rangeMistake(
    "invalid_option",
    `option minBackoffMs of runForever, ${minBackoffMs}, must not be more than maxBackoffMs, ${maxBackoffMs}`,
  );
}

/** Between half of the wait and all of it. */
function jittered(waitMs: number): number {
  return waitMs * (0.5 + Math.random() / 2);
}
