import { sleep } from "../../waiting/sleep.ts";

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
    for (const wake of this.#waiters) wake();
  }

  /** Resolves once the count is above `seen`, at the latest after `limitMs`. Rejects with the signal's reason. */
  beyond(seen: number, limitMs: number, signal: AbortSignal): Promise<void> {
    if (this.#count > seen) return Promise.resolve();
    const onBegin = (wake: () => void): (() => void) => {
      this.#waiters.add(wake);
      return () => this.#waiters.delete(wake);
    };
    return sleep(limitMs, { signal, onBegin });
  }
}
