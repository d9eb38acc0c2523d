import type { ReflexEvent } from "../../reflex/event.ts";
import { positionOf } from "../../reflex/event-position.ts";

/** Where a stream is. */
export interface Position {
  /** The id of the last row passed; 0 at the table's start. */
  readonly id: bigint;
  /** That row as the stream read it; undefined at a start, before it was read, or when it was pruned. */
  readonly anchor: ReflexEvent | undefined;
  /** What is known of that row while there is no anchor: the position that was stored with the cursor. */
  readonly expected?: string | undefined;
  /** Set where a start rule has put the stream: no row was passed there, and there need be none at `id`. */
  readonly floor?: boolean;
}

/** Whether two reads of one id gave the same row. */
export function isSameRow(a: ReflexEvent, b: ReflexEvent): boolean {
  return a.id === b.id && a.timestampMicros === b.timestampMicros && a.type === b.type && a.foreignId === b.foreignId;
}

/**
 * Whether this can be the row that was passed at the position, by all that is known of that. A hash is made only where
 * there is no anchor.
 */
export function fitsPosition(row: ReflexEvent, position: Position): boolean {
  const { anchor, expected } = position;
  if (anchor !== undefined) return isSameRow(row, anchor);
  return expected === undefined || positionOf(row) === expected;
}

/** Whether a row is expected at the position that no read has shown yet. */
export function isUnconfirmed({ anchor, expected }: Position): boolean {
  return anchor === undefined && expected !== undefined;
}

/** Whether what follows one position follows the other, of the same id, too: both know the same of the row at them. */
export function agree(a: Position, b: Position): boolean {
  if (a.anchor === undefined || b.anchor === undefined) return a.anchor === b.anchor && a.expected === b.expected;
  return isSameRow(a.anchor, b.anchor);
}
