import type { ReflexEvent } from "../../reflex/event.ts";

/**
 * How much older than an event below it another one may be for a search by time to be exact, in ms. Times are those at
 * which the statements of inserts began, ids are given a little later: one that waits for a lock gets a higher id.
 */
export const MOST_DISORDER_MS = 600_000;
// So many ids are read through sooner than halved further.
const FEW_IDS = 1000n;

/** Ids, both ends included. */
export interface IdRange {
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * An id in the range (or the one before it) up to which every event is older than `sinceMicros`, and which is not far
 * below the first that is not. Halves the range, as ids ascend with time but for {@link MOST_DISORDER_MS}. `find` gives
 * the first event of a range.
 */
export async function lastOlderId(
  { from, to }: IdRange,
  sinceMicros: number,
  find: (range: IdRange) => Promise<ReflexEvent | undefined>,
): Promise<bigint> {
  const surelyOlder = sinceMicros - MOST_DISORDER_MS * 1000;
  let [older, younger] = [from - 1n, to + 1n];
  while (younger - older > FEW_IDS) {
    const middle = older + (younger - older) / 2n;
    const event = await find({ from: middle, to: younger - 1n });
    if (event !== undefined && event.timestampMicros < surelyOlder) older = BigInt(event.id);
    else younger = middle;
  }
  return older;
}
