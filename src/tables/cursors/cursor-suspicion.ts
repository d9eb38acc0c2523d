/** A cursor that is not where this process has put it. */
export interface Suspicion {
  /** The cursor in the table; undefined if the row is gone. */
  readonly found: string | undefined;
  /** How often this process had written the cursor by then. */
  readonly writes: number;
}

/**
 * Whether a suspicion has shown itself twice, so that someone else must have moved the cursor. A node of a cluster may show
 * an older cursor for a moment.
 */
export function isSeenAgain(earlier: Suspicion | undefined, now: Suspicion): boolean {
  return earlier !== undefined && earlier.found === now.found && earlier.writes === now.writes;
}
