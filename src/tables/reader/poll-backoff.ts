/** The shortest wait between two polls at one place: what ends the wait there may be committed at any moment. */
export const SHORTEST_POLL_WAIT_MS = 5;
const LONGEST_POLL_WAIT_MS = 250;

/** How long to wait between polls at a place where nothing but a poll tells of news, such as a gap: longer each time. */
export class PollBackoff {
  #waitMs = SHORTEST_POLL_WAIT_MS;

  /** The wait before the next poll, in ms. */
  next(): number {
    const waitMs = this.#waitMs;
    this.#waitMs = Math.min(waitMs * 2, LONGEST_POLL_WAIT_MS);
    return waitMs;
  }
}
