import { contiguous } from "./contiguous.ts";

/** How many ids below the head are looked at for a transaction that is still open. */
export const HEAD_LOOK_BACK = 10_000;

export interface HeadStart {
  /** The cursor to start after. */
  readonly after: bigint;
  /** Ids above it that were committed at the call, which a stream from the head leaves out. */
  readonly committed: ReadonlySet<bigint>;
}

/**
 * Where a stream from the head starts, given the committed ids of the last {@link HEAD_LOOK_BACK}, ascending: below the
 * first hole, since what fills it commits after the call although its id is below the highest.
 */
export function headStart(ids: readonly bigint[]): HeadStart {
  const head = ids.at(-1) ?? 0n;
  const lookedFrom = head - BigInt(HEAD_LOOK_BACK);
  const before = lookedFrom > 0n ? lookedFrom : 0n;
  const { hole } = contiguous(before, ids);
  const after = hole === undefined ? head : hole.prev;
  return { after, committed: new Set(ids.filter((id) => id > after)) };
}
