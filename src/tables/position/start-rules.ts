import { contiguous } from "./missing-ids.ts";

/** How many ids below the head are looked at for a transaction that is still open. */
export const HEAD_LOOK_BACK = 10_000;
/** How many ids below a table's first row are fenced when a stream starts without a cursor. */
export const START_FENCE = 1000n;
/** A first row that is at least this old proves that the rows below it were pruned. */
export const PRUNED_AGE_MS = 3_600_000;

export interface HeadStart {
  /** The cursor to start after. */
  readonly after: bigint;
  /** Ids above it that were committed at the call, which a stream from the head leaves out. */
  readonly committed: ReadonlySet<bigint>;
}

/** The first row that a start looks at. */
export interface FirstRow {
  readonly id: bigint;
  /** How old the row is by the server's clock. */
  readonly ageMs: number;
}

/**
 * Where a stream from the head starts, given the committed ids of the last {@link HEAD_LOOK_BACK}, ascending: below the
 * first gap, since what fills it commits after the call although its id is below the highest. What is missing below
 * `floor`, which {@link pruneStart} gives, does not count.
 */
export function headStart(ids: readonly bigint[], floor: bigint): HeadStart {
  const head = ids.at(-1) ?? 0n;
  const lookedFrom = head - BigInt(HEAD_LOOK_BACK);
  const before = lookedFrom > 0n ? lookedFrom : 0n;
  const { gap } = contiguous(
    floor > before ? floor : before,
    ids.map((id) => ({ id })),
  );
  const reached = head > floor ? head : floor;
  const after = gap === undefined ? reached : gap.prev;
  return { after, committed: new Set(ids.filter((id) => id > after)) };
}

/**
 * Where a stream without a cursor starts, given the table's first row. Row 1 is expected. A long missing prefix is taken as
 * pruned when its first row is over an hour old: no statement runs that long and still holds an id below it. Of a younger
 * one, or of an empty table, the last {@link START_FENCE} ids are closed like any gap.
 */
export function pruneStart(first: FirstRow): bigint {
  const missing = first.id - 1n;
  if (missing <= START_FENCE) return 0n;
  return first.ageMs >= PRUNED_AGE_MS ? missing : missing - START_FENCE;
}
