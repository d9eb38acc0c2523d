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
