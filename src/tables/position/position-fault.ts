import { ReflexError } from "../../errors/reflex-error.ts";
import type { PositionFaultCode } from "../../reflex/position-fault-code.ts";
import type { Position } from "./position.ts";

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
    `row ${cursor} of ${table} is another event than the one that was passed: the table was restored, or its ids were given again; find out which events are new, and reset the consumer's cursor to the last one before them`,
  cursor_ahead: (table, cursor) =>
    `the cursor ${cursor} lies beyond all rows of ${table}: the table was truncated or restored, or this is another database; check it, then reset the consumer's cursor to the last row that is the same as before, or to the start`,
  cursor_row_missing: (table, cursor) =>
    `row ${cursor} of ${table}, the last that was passed, is missing between others: rows were deleted or lost in a failover; check what is gone, then reset the consumer's cursor`,
  history_pruned: (table, cursor, firstId) =>
    `the rows of ${table} after ${cursor} and before ${firstId} are gone: retention deleted rows that this stream had not read; restore them, or go on without them with onPruned: "skip"`,
};
