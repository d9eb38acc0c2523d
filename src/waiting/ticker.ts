/** One timer for all who look at something now and then. It runs while there are any, and keeps no process alive. */
export class Ticker {
  readonly #periodMs: number;
  readonly #looks = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(periodMs: number) {
    this.#periodMs = periodMs;
  }

  /** Calls `look` every period, until the function is called that it returns. */
  listen(look: () => void): () => void {
    const entry = (): void => look();
    this.#looks.add(entry);
    this.#timer ??= setInterval(() => this.#tick(), this.#periodMs).unref();
    return () => {
      this.#looks.delete(entry);
      if (this.#looks.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  #tick(): void {
    for (const look of this.#looks) look();
  }
}
