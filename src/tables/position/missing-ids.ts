/** Ids that are missing between two rows that are not. */
export interface GapRange {
  /** The id before the missing ones; 0 at the table's start. */
  readonly prev: bigint;
  /** The first id after the missing ones. */
  readonly next: bigint;
}

export interface Contiguous {
  /** How many of the rows follow the cursor without a gap. */
  readonly count: number;
  /** The gap that comes after those rows; undefined if the rows end there. */
  readonly gap: GapRange | undefined;
}

/**
 * How far a stream at cursor `after` may go in rows of ascending ids: up to the first missing id, which may be of a
 * transaction that has not committed yet. At cursor 0 that is id 1: the first visible row need not be the first.
 */
export function contiguous(after: bigint, rows: readonly { readonly id: string | bigint }[]): Contiguous {
  if (noneMissing(after, rows)) return { count: rows.length, gap: undefined };
  let prev = after;
  for (const [index, { id }] of rows.entries()) {
    const next = BigInt(id);
    if (next !== prev + 1n) return { count: index, gap: { prev, next } };
    prev = next;
  }
  return { count: rows.length, gap: undefined };
}

/** Whether there are as many ascending ids as there are numbers from the first to the last. */
function noneMissing(after: bigint, rows: readonly { readonly id: string | bigint }[]): boolean {
  const [first] = rows;
  const last = rows.at(-1);
  if (first === undefined || last === undefined) return true;
  return BigInt(first.id) === after + 1n && BigInt(last.id) === after + BigInt(rows.length);
}

/** The most ids that one round of probing and inserting noops takes. */
export const MOST_IDS_A_ROUND = 10_000;

/** Ids that are missing after `prev` and below the last visible one, ascending, at most {@link MOST_IDS_A_ROUND}. */
export function missingIds(prev: bigint, visible: readonly bigint[]): bigint[] {
  const missing: bigint[] = [];
  let expected = prev + 1n;
  for (const id of visible) {
    for (; expected < id; expected++) {
      if (missing.length === MOST_IDS_A_ROUND) return missing;
      missing.push(expected);
    }
    expected = id + 1n;
  }
  return missing;
}
