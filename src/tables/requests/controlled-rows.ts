import type { CallOptions } from "../../waiting/time-limit.ts";
import type { ControlDocument, CursorPlacing } from "./control-document.ts";

/** What a consumer's row says beside its time. */
export interface ControlledRow {
  readonly cursor: string;
  /** The position that was stored with a cursor, which need not be this one; undefined if there is none. */
  readonly position: string | undefined;
  /** How often the consumer's control document was written. */
  readonly generation: bigint;
  /** The consumer's {@link ControlDocument} as text; undefined if nothing was ever asked of it. */
  readonly request: string | undefined;
  /** The events table in which the cursor is a position; undefined if that was not written. */
  readonly table: string | undefined;
}

/** A new control document for a row, and what becomes of the row's cursor with it. */
export interface ControlChange {
  /** The row as it was read. If the cursor or the generation is another one by now, nothing is written. */
  readonly row: ControlledRow;
  readonly document: ControlDocument;
  /** Where the cursor goes, or that the row is deleted. Undefined leaves the cursor. */
  readonly cursor?: CursorPlacing | "deleted" | undefined;
}

/** The rows of a cursors table, as far as requests go. */
export interface ControlledRows {
  /** The consumer's row; undefined if it has none. @throws ReflexError `wrong_schema` for a table without the columns of requests */
  readControlled(consumer: string, options: CallOptions): Promise<ControlledRow | undefined>;
  /** Writes a change in one statement. False if the row was changed since it was read. */
  change(consumer: string, change: ControlChange, options: CallOptions): Promise<boolean>;
}
