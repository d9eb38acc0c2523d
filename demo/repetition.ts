import { setTimeout as delay } from "node:timers/promises";
import { isRetryable } from "reflex-rsql";

/** Does something again and again, with pauses. A lost connection is no reason to end. */
export class Repetition {
  readonly #pauseMs: number;
  readonly #work: () => Promise<void>;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  constructor(pauseMs: number, work: () => Promise<void>) {
    this.#pauseMs = pauseMs;
    this.#work = work;
    this.#running = this.#run();
    // Awaited at the end only.
    this.#running.catch(() => {});
  }

  /** Resolves after one last time. Rejects with what ended it early. */
  async finish(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#work().catch((error: unknown) => {
      if (!isRetryable(error)) throw error;
      return this.#work();
    });
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#work().catch((error: unknown) => {
        if (!isRetryable(error)) throw error;
      });
      await delay(this.#pauseMs, undefined, { signal }).catch(() => {});
    }
  }
}
