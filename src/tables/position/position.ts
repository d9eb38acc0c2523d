import type { ReflexEvent } from "../../reflex/event.ts";

/** Where a stream is. */
export interface Position {
  /** The id of the last row passed; 0 at the table's start. */
  readonly id: bigint;
  /** That row as the stream read it; undefined at a start, before it was read, or when it was pruned. */
  readonly anchor: ReflexEvent | undefined;
  /** Set where a start rule has put the stream: no row was passed there, and there need be none at `id`. */
  readonly floor?: boolean;
}

/** Whether two reads of one id gave the same row. */
export function isSameRow(a: ReflexEvent, b: ReflexEvent): boolean {
  return a.id === b.id && a.timestampMicros === b.timestampMicros && a.type === b.type && a.foreignId === b.foreignId;
}
