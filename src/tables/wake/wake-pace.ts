// No look follows another sooner, however much the server commits.
export const SHORTEST_PAUSE_MS = 5;
// As long as the server itself waits for a commit: longer would add nothing to the timed looks.
export const LONGEST_PAUSE_MS = 1000;
// A server that commits less often than this may wake for each commit, whatever it is: that costs less than timed looks.
export const CALM_MS = 50;

/**
 * How long to rest between two commits that one wants to hear of. A server tells of all its commits; those that move no head
 * come for nothing, so the more of them come in a row, the longer the rest.
 */
export class WakePace {
  #pauseMs = SHORTEST_PAUSE_MS;
  #rested = false;

  /** Whether a commit may lie unheard for longer than the shortest pause. */
  get backedOff(): boolean {
    return this.#pauseMs > SHORTEST_PAUSE_MS;
  }

  /** Commits were not waited for during a while. */
  rested(): void {
    this.#rested = true;
  }

  /** The pause after a commit that was waited for `waitedMs` and has moved a head or not, in ms. */
  after(moved: boolean, waitedMs: number): number {
    if (moved || waitedMs >= CALM_MS) {
      this.#pauseMs = SHORTEST_PAUSE_MS;
      this.#rested = false;
      return SHORTEST_PAUSE_MS;
    }
    // What ends at once after a rest was committed in it: how often commits come shows only at the next one.
    const tellsNothing = this.#rested;
    this.#rested = !tellsNothing;
    if (tellsNothing) return SHORTEST_PAUSE_MS;
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    return this.#pauseMs;
  }
}
