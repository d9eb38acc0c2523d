/** Ids that are missing between two rows that are not. */
export interface Hole {
  /** The id before it; 0 at the table's start. */
  readonly prev: bigint;
  /** The first id after it. */
  readonly next: bigint;
}

export interface Contiguous {
  /** How many of the rows follow the cursor without a hole. */
  readonly count: number;
  /** What comes after those; undefined if the rows end there. */
  readonly hole: Hole | undefined;
}

/**
 * How far a stream at cursor `after` may go in rows of ascending ids: up to the first missing id, which may be of a
 * transaction that has not committed yet. At cursor 0 that is id 1: the first visible row need not be the first.
 */
export function contiguous(after: bigint, ids: readonly bigint[]): Contiguous {
  let prev = after;
  for (const [index, id] of ids.entries()) {
    if (id !== prev + 1n) return { count: index, hole: { prev, next: id } };
    prev = id;
  }
  return { count: ids.length, hole: undefined };
}
