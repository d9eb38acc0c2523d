import { sleep } from "../../waiting/sleep.ts";

// How long a reader rests at the head while commits come fast. A stream that is told of nothing looks as often.
const REST_MS = 5;
// Rests begin where commits come so fast.
const FAST_INTERVAL_MS = REST_MS / 2;
// No rest is tried for this long after a trial that was for nothing.
const NEXT_TRIAL_MS = 100;

/**
 * How soon a reader at the head polls after a commit that it hears of. Polls take turns with the writers of the same process, and
 * with all writers on the server: a poll for each of many commits would halve their rate.
 */
export class ReadPace {
  readonly #commits: () => number;
  #fast = false;
  #nextTrialAt = 0;
  #atHeadSince = 0;
  #wokenAt = 0;

  /** `commits` tells of how many commits was heard so far. */
  constructor(commits: () => number) {
    this.#commits = commits;
  }

  /** A poll has found the reader at the head. */
  atHead(): void {
    this.#atHeadSince = performance.now();
  }

  /** How long to rest before the poll that a wake-up at the head asks for, in ms. */
  woken(): number {
    const now = performance.now();
    const intervalMs = now - this.#wokenAt;
    this.#wokenAt = now;
    if (this.#fast) return Math.max(0, REST_MS - (now - this.#atHeadSince));
    return intervalMs <= FAST_INTERVAL_MS && now >= this.#nextTrialAt ? Math.max(1, intervalMs) : 0;
  }

  /**
   * Rests so long, and learns whether that was right: commits must come meanwhile. None does where a program commits only in
   * answer to an event.
   */
  async rest(ms: number, signal: AbortSignal): Promise<void> {
    const before = this.#commits();
    await sleep(ms, { signal });
    const fast = this.#commits() > before;
    // A writer that was fast a moment ago may only have had to wait.
    if (!fast && !this.#fast) this.#nextTrialAt = performance.now() + NEXT_TRIAL_MS;
    this.#fast = fast;
  }
}
