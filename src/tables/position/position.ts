import { ReflexError } from "../../errors/reflex-error.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { contiguous, type GapRange } from "./contiguous.ts";

/** Where a stream is. */
export interface Position {
  /** The id of the last row passed; 0 at the table's start. */
  readonly id: bigint;
  /** That row as the stream read it; undefined at a start, before it was read, or when it was pruned. */
  readonly anchor: ReflexEvent | undefined;
  /** Set where a start rule put the stream: there need be no row at `id`, nor has there been one that it passed. */
  readonly floor?: boolean;
}

/** What is asked of the table only when the row at the position is missing. */
export interface TableEdges {
  /** The lowest and highest committed ids; undefined in an empty table. */
  readonly lowest: bigint | undefined;
  readonly highest: bigint | undefined;
  /** The id that the next insert gets; undefined if the server does not tell. */
  readonly nextId: bigint | undefined;
}

export type PositionFaultCode = "history_rewritten" | "cursor_ahead" | "cursor_row_missing" | "history_pruned";

/** What a poll at a position says. */
export type Verdict =
  /** Events that follow the position. */
  | { readonly kind: "rows"; readonly events: readonly ReflexEvent[] }
  | { readonly kind: "head" }
  /** `beyond` are the events above the gap, which may hold further gaps. */
  | {
      readonly kind: "gap";
      readonly gap: GapRange;
      readonly beyond: readonly ReflexEvent[];
      /** Whether the row at the position is there. */
      readonly anchored: boolean;
    }
  /** The row at the position is missing: judge again with the table's edges. */
  | { readonly kind: "no_anchor" }
  | { readonly kind: "suspected_fault"; readonly code: PositionFaultCode; readonly firstId: bigint | undefined };

/** Whether two reads of one id gave the same row. */
export function isSameRow(a: ReflexEvent, b: ReflexEvent): boolean {
  return a.id === b.id && a.timestampMicros === b.timestampMicros && a.type === b.type && a.foreignId === b.foreignId;
}

/**
 * Judges the events with `id >= position.id`, ascending. With `gapsCanClose` false, what is missing between rows is no gap
 * but was deleted.
 */
export function judge(position: Position, events: readonly ReflexEvent[], gapsCanClose: boolean): Verdict {
  if (position.id === 0n) return judgeFollowing(0n, events, { gapsCanClose, anchored: false });
  const first = events[0];
  if (first === undefined || BigInt(first.id) !== position.id) {
    return position.floor === true
      ? judgeFollowing(position.id, events, { gapsCanClose, anchored: false })
      : { kind: "no_anchor" };
  }
  if (position.anchor !== undefined && !isSameRow(first, position.anchor)) {
    return { kind: "suspected_fault", code: "history_rewritten", firstId: undefined };
  }
  return judgeFollowing(position.id, events.slice(1), { gapsCanClose, anchored: true });
}

/** Judges a poll that did not find the row at the position. */
export function judgeWithoutAnchor(position: Position, events: readonly ReflexEvent[], edges: TableEdges): Verdict {
  const { lowest, nextId } = edges;
  const [first] = events;
  if (lowest === undefined) {
    // An empty table whose counter is beyond the position: every row was consumed and pruned. TRUNCATE resets the counter.
    const pruned = nextId !== undefined && nextId > position.id;
    return pruned ? { kind: "head" } : { kind: "suspected_fault", code: "cursor_ahead", firstId: undefined };
  }
  if (first === undefined) return { kind: "suspected_fault", code: "cursor_ahead", firstId: undefined };
  if (lowest < position.id) return { kind: "suspected_fault", code: "cursor_row_missing", firstId: undefined };
  const firstId = BigInt(first.id);
  if (firstId > position.id + 1n) return { kind: "suspected_fault", code: "history_pruned", firstId };
  return judgeFollowing(position.id, events, { gapsCanClose: true, anchored: false });
}

interface FollowingRules {
  readonly gapsCanClose: boolean;
  readonly anchored: boolean;
}

function judgeFollowing(after: bigint, events: readonly ReflexEvent[], rules: FollowingRules): Verdict {
  const { gapsCanClose, anchored } = rules;
  if (events.length === 0) return { kind: "head" };
  if (!gapsCanClose) return { kind: "rows", events };
  const { count, gap } = contiguous(after, events);
  if (count > 0) return { kind: "rows", events: count === events.length ? events : events.slice(0, count) };
  return gap === undefined ? { kind: "head" } : { kind: "gap", gap, beyond: events, anchored };
}

/** The error of a confirmed fault. */
export function positionFault(
  code: PositionFaultCode,
  where: { table: string; position: Position; firstId: bigint | undefined },
): ReflexError {
  const { table, position, firstId } = where;
  const cursor = String(position.id);
  const details = { table, cursor, ...(firstId === undefined ? {} : { firstId: String(firstId) }) };
  return new ReflexError(code, messages[code](table, cursor, String(firstId)), { details });
}

const messages: Readonly<Record<PositionFaultCode, (...values: [string, string, string]) => string>> = {
  history_rewritten: (table, cursor) =>
    `row ${cursor} of ${table} is another event than the one that this stream delivered: the table was restored, or its ids were given again; find out which events are new and set the consumer's cursor by hand`,
  cursor_ahead: (table, cursor) =>
    `the cursor ${cursor} lies beyond all rows of ${table}: the table was truncated or restored, or this is another database; check it, then set the consumer's cursor back`,
  cursor_row_missing: (table, cursor) =>
    `row ${cursor} of ${table}, the last that this stream passed, is missing between others: rows were deleted or lost in a failover; check what is gone, then set the consumer's cursor by hand`,
  history_pruned: (table, cursor, firstId) =>
    `the rows of ${table} after ${cursor} and before ${firstId} are gone: retention deleted rows that this stream had not read; restore them, or go on without them with onPruned: "skip"`,
};
