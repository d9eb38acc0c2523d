import { abortReason } from "./abort.ts";
import { startTimer, type TimerOptions } from "./timer.ts";

export interface SleepOptions extends TimerOptions {
  signal?: AbortSignal | undefined;
}

/** Resolves after `delayMs`; rejects with the signal's reason if it is aborted first. */
export function sleep(delayMs: number, options: SleepOptions = {}): Promise<void> {
  const { signal } = options;
  if (signal?.aborted) return Promise.reject(abortReason(signal));
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      cancel();
      if (signal) reject(abortReason(signal));
    };
    const cancel = startTimer(
      delayMs,
      () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      },
      options,
    );
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
