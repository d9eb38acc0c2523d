import { sleep } from "../waiting/sleep.ts";
import { isMistake, rangeMistake } from "./errors.ts";
import { type Observer, Reporting } from "./observer.ts";
import { aDuration, checkOptions } from "./options.ts";
import { checkRun, executeRun, type RunOptions } from "./run.ts";
import type { Spec } from "./spec.ts";

export interface RunForeverOptions extends RunOptions {
  /** The wait after the first error, in ms; it doubles with each that follows without an event between. @defaultValue 100 */
  minBackoffMs?: number | undefined;
  /** The longest wait, in ms. @defaultValue 30 000 */
  maxBackoffMs?: number | undefined;
}

/**
 * Runs as {@link run} does and starts again after every error, from the consumer's cursor, with a backoff that doubles
 * and is jittered, so that many processes don't come back in step. Each error goes to `observer.error`, or, without
 * one, to the logger.
 *
 * It ends only by the signal (rejecting with its reason), by a programmer's mistake that no retry can mend, or, resolving,
 * with a stream that ends by itself.
 */
export async function runForever<T extends number>(spec: Spec<T>, options: RunForeverOptions = {}): Promise<void> {
  const { minBackoffMs = 100, maxBackoffMs = 30_000, ...runOptions } = options;
  checkOptions("runForever", { minBackoffMs, maxBackoffMs }, { minBackoffMs: aDuration, maxBackoffMs: aDuration });
  if (minBackoffMs > maxBackoffMs) {
    throw rangeMistake(
      "invalid_option",
      `minBackoffMs ${minBackoffMs} must not be more than maxBackoffMs ${maxBackoffMs}`,
    );
  }
  checkRun(spec, runOptions);
  const { signal } = runOptions;
  const reporting = new Reporting([runOptions.observer], runOptions.logger);
  let failures = 0;
  const progress: Observer = {
    consume: ({ error }) => {
      if (error === undefined) failures = 0;
    },
  };
  for (;;) {
    try {
      return await executeRun(spec, runOptions, [progress]);
    } catch (error) {
      if (signal?.aborted === true || isMistake(error)) throw error;
      const retryInMs = jittered(Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(failures++, 30)));
      reporting.error({ activity: "run", name: spec.consumer.name, error, retryInMs });
      await sleep(retryInMs, { signal });
    }
  }
}

/** Between half of the wait and all of it. */
function jittered(waitMs: number): number {
  return waitMs * (0.5 + Math.random() / 2);
}
