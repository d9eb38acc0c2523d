import { isMistake, rangeMistake } from "../errors/reflex-error.ts";
import { aFiniteDuration, checkOptions, type OptionChecks } from "../options/check-options.ts";
import { sleep } from "../waiting/sleep.ts";
import { Reporting } from "./observer.ts";
import { RunOnce } from "./run-once.ts";
import { type RunOptions, runChecks } from "./run-options.ts";
import { checkSpec, type Spec } from "./spec.ts";

/** How a run ends, whom it tells, and how long it waits before it starts again. */
export interface RunForeverOptions extends RunOptions {
  /** The wait after the first error, in ms; it doubles with each that follows before the cursor has moved. @defaultValue 100 */
  minBackoffMs?: number | undefined;
  /** The longest wait, in ms. @defaultValue 30 000 */
  maxBackoffMs?: number | undefined;
}

const checks: OptionChecks<RunForeverOptions> = {
  ...runChecks,
  minBackoffMs: aFiniteDuration,
  maxBackoffMs: aFiniteDuration,
};

/**
 * Runs as {@link run} does and starts again after every error, from the consumer's cursor, with a backoff that doubles
 * and is jittered, so that many processes don't come back in step. Each error goes to `observer.error`, or, without
 * one, to the logger.
 *
 * It ends only by the signal (rejecting with its reason), by a programmer's mistake that no retry can mend, or, resolving,
 * with a stream that ends by itself.
 */
export async function runForever<T extends number>(spec: Spec<T>, options: RunForeverOptions = {}): Promise<void> {
  checkSpec(spec);
  checkOptions("runForever", options, checks);
  const { minBackoffMs = 100, maxBackoffMs = 30_000, ...runOptions } = options;
  checkBackoff(minBackoffMs, maxBackoffMs);
  const { signal } = runOptions;
  const reporting = new Reporting([runOptions.observer], runOptions.logger);
  let failures = 0;
  // Not at an event that was only consumed: where its cursor can't be moved, it would be consumed again without a pause.
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
