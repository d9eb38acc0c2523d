import type { CursorRequest, CursorState } from "../../reflex/cursor-requests.ts";
import { positionAt } from "../../reflex/event-position.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import { parseControl, toControl } from "../requests/control-document.ts";
import type { CursorRows } from "./cursor-rows.ts";

/** A consumer's row in a cursors table. What a process holds back is not in it yet. */
export interface CursorInfo {
  /** The name of the consumer. */
  readonly consumer: string;
  /** The cursor: the id of the last event that the consumer is done with. */
  readonly cursor: string;
  /** When the cursor was last written, by the server's clock. */
  readonly updatedAt: Date;
  /** The events table in which the cursor is a position; undefined if no run has told it. */
  readonly table: string | undefined;
  /** Whether the row at the cursor can be known again, so that a new run notices a table that was truncated or swapped. */
  readonly hasPosition: boolean;
  /** Whether the consumer may run. */
  readonly state: CursorState;
  /** Who has paused or retired it; undefined while it is active. */
  readonly by: string | undefined;
  /** What is asked of it and not answered yet; undefined if nothing is. */
  readonly request: CursorRequest | undefined;
}

/** All cursors of a table, by the names of their consumers. */
export async function listCursors(rows: CursorRows, options: CallOptions): Promise<CursorInfo[]> {
  return (await rows.readEach(options)).map(({ consumer, cursor, updatedAt, table, position, request }) => {
    const { state, by, request: asked } = toControl(parseControl(consumer, request));
    const hasPosition = positionAt(cursor, position) !== undefined;
    return { consumer, cursor, updatedAt, table, hasPosition, state, by, request: asked };
  });
}
