const FIRST_SILENCE_MS = 50;
const LONGEST_SILENCE_MS = 5000;

/** Which failures are reported of many that come one after the other: each time it takes longer until the next one is. */
export class ReportThinning {
  #silenceMs = FIRST_SILENCE_MS;
  #silentUntilMs = Number.NEGATIVE_INFINITY;
  #latestMs = Number.NEGATIVE_INFINITY;
  #unreported = 0;

  /**
   * There was a failure. Returns what its report says of those that were not reported before it, or undefined if it is not to be
   * reported.
   */
  next(): { readonly unreported?: number } | undefined {
    const nowMs = performance.now();
    // What fails after a long time without a failure is news.
    if (nowMs - this.#latestMs > LONGEST_SILENCE_MS) this.#silenceMs = FIRST_SILENCE_MS;
    this.#latestMs = nowMs;
    if (nowMs < this.#silentUntilMs) {
      this.#unreported++;
      return undefined;
    }
    const unreported = this.#unreported;
    this.#unreported = 0;
    this.#silentUntilMs = nowMs + this.#silenceMs;
    this.#silenceMs = Math.min(this.#silenceMs * 2, LONGEST_SILENCE_MS);
    return unreported === 0 ? {} : { unreported };
  }
}
