// The shortest pause between two looks, however often the server commits.
export const SHORTEST_PAUSE_MS = 5;
// The longest pause. It is as long as the server itself waits for a commit: a longer one would add nothing to the looks
// on time.
export const LONGEST_PAUSE_MS = 1000;
// A server with longer times between its commits may wake for each of them, whatever it is: that costs less than looks
// on time.
export const CALM_MS = 50;

/**
 * How long to rest between two waits for a commit. A server tells of all its commits. Those that move no head wake for
 * nothing, so the more of them come in a row, the longer the rest.
 */
export class WakePace {
  #pauseMs = SHORTEST_PAUSE_MS;
  #rested = false;

  /** Whether a commit may stay unheard for longer than the shortest pause. */
  get backedOff(): boolean {
    return this.#pauseMs > SHORTEST_PAUSE_MS;
  }

  /** Tells that commits were not waited for during a while. */
  rested(): void {
    this.#rested = true;
  }

  /**
   * The pause after a commit, in ms. `waitedMs` is how long that commit was waited for, `moved` whether it has moved a
   * head.
   */
  after(moved: boolean, waitedMs: number): number {
    if (moved || waitedMs >= CALM_MS) {
      this.#pauseMs = SHORTEST_PAUSE_MS;
      this.#rested = false;
      return SHORTEST_PAUSE_MS;
    }
    // A wait that ends at once after a rest has met a commit of that rest. How often commits come shows only at the
    // next one.
    const tellsNothing = this.#rested;
    this.#rested = !tellsNothing;
    if (tellsNothing) return SHORTEST_PAUSE_MS;
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    return this.#pauseMs;
  }
}
