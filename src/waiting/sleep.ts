import { abortReason } from "./abort.ts";
import { startTimer, type TimerOptions } from "./timer.ts";

export interface SleepOptions extends TimerOptions {
  /** Its abort ends the sleep with the signal's reason. */
  signal?: AbortSignal | undefined;
  /**
   * Called as the sleep begins, with the function that ends it before its time. It must not call that function itself. What
   * it returns is called when the sleep has ended, for whatever reason.
   */
  onBegin?: ((wake: () => void) => () => void) | undefined;
}

/**
 * Resolves after `delayMs`, however long that is, or when it is woken. Rejects with the signal's reason, as it was given, at
 * an abort. It leaves neither timer nor listener behind. The one of `node:timers/promises` wakes at once where a delay is
 * longer than 2^31-1 ms, and wraps the reason in an `AbortError`.
 */
export function sleep(delayMs: number, options: SleepOptions = {}): Promise<void> {
  const { signal, onBegin } = options;
  if (signal?.aborted) return Promise.reject(abortReason(signal));
  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      cancelTimer();
      signal?.removeEventListener("abort", onAbort);
      onEnd?.();
      settle();
    };
    const wake = (): void => end(resolve);
    const onAbort = (): void => {
      if (signal) end(() => reject(abortReason(signal)));
    };
    const cancelTimer = startTimer(delayMs, wake, options);
    signal?.addEventListener("abort", onAbort, { once: true });
    const onEnd = onBegin?.(wake);
  });
}
