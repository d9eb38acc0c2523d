import { sleep } from "../../waiting/sleep.ts";

/**
 * Counts wake-ups. Who reads the count before a poll, and waits for a higher one after it, misses none: not even one
 * that came while the poll was under way.
 */
export class WakeSignal {
  #count = 0;
  readonly #waiters = new Set<() => void>();

  get count(): number {
    return this.#count;
  }

  wake(): void {
    this.#count++;
    for (const wake of this.#waiters) wake();
  }

  /**
   * Resolves once the count is above `seen`, and after `limitMs` at the latest. Rejects with the signal's reason at an
   * abort.
   */
  beyond(seen: number, limitMs: number, signal: AbortSignal): Promise<void> {
    if (this.#count > seen) return Promise.resolve();
    const onBegin = (wake: () => void): (() => void) => {
      this.#waiters.add(wake);
      return () => this.#waiters.delete(wake);
    };
    return sleep(limitMs, { signal, onBegin });
  }
}
