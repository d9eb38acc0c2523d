import { abortReason } from "../../waiting/abort.ts";
import { startTimer } from "../../waiting/timer.ts";

/**
 * Wake-ups, counted. Who reads the count before a poll and waits for a higher one after it misses none, also not one that
 * came while the poll was under way.
 */
export class WakeSignal {
  #count = 0;
  readonly #waiters = new Set<() => void>();

  get count(): number {
    return this.#count;
  }

  wake(): void {
    this.#count++;
    for (const resolve of this.#waiters) resolve();
  }

  /** Resolves once the count is above `seen`, at the latest after `limitMs`. Rejects with the signal's reason. */
  beyond(seen: number, limitMs: number, signal: AbortSignal): Promise<void> {
    if (this.#count > seen) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        cancel();
        signal.removeEventListener("abort", onAbort);
        this.#waiters.delete(onWake);
        settle();
      };
      const onAbort = (): void => finish(() => reject(abortReason(signal)));
      const onWake = (): void => finish(resolve);
      const cancel = startTimer(limitMs, onWake);
      this.#waiters.add(onWake);
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) onAbort();
    });
  }
}
