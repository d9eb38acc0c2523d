import { abortReason } from "./abort.ts";
import { startTimer, type TimerOptions } from "./timer.ts";

export interface SleepOptions extends TimerOptions {
  /** Its abort ends the sleep with the signal's reason. */
  signal?: AbortSignal | undefined;
  /**
   * Called when the sleep begins. It is given the function that ends the sleep early, and must not call that function
   * before it returns. What it returns is called once when the sleep has ended, for whatever reason.
   */
  onBegin?: ((wake: () => void) => () => void) | undefined;
}

/**
 * Resolves after `delayMs`, however long that is, or when it is woken. Rejects with the signal's reason, exactly as it
 * was given, at an abort. It leaves neither a timer nor a listener behind.
 *
 * It is not `setTimeout` of `node:timers/promises`, which fires at once when the delay is longer than 2^31-1 ms, and
 * rejects with an `AbortError` around the reason.
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
