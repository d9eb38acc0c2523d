import { ReflexError } from "../../reflex/errors.ts";
import { noopEventType, type ReflexEvent } from "../../reflex/event.ts";
import type { EventRow } from "../event-row.ts";
import type { EventsTableConfig } from "../events-table-options.ts";
import { contiguous, type Hole } from "./contiguous.ts";

export interface PassRules<T extends number> {
  readonly table: string;
  readonly config: Pick<EventsTableConfig, "includeNoops" | "types" | "onUnknownType">;
  readonly after: bigint;
  /** Rows beyond it are not wanted. */
  readonly target: bigint | undefined;
  readonly leaveOut: ReadonlySet<bigint>;
  readonly holesCanClose: boolean;
  readonly toEvent: (row: EventRow) => ReflexEvent<T>;
}

export interface Passed<T extends number> {
  readonly events: readonly ReflexEvent<T>[];
  /** The id of the last row passed; where the stream was if none. */
  readonly position: bigint;
  /** The hole that stopped it. */
  readonly hole: Hole | undefined;
  /** What stops the stream at the very first row; events before such a row are delivered first. */
  readonly error: ReflexError | undefined;
}

/** Which of the rows after the cursor a stream passes, and which of those it delivers. */
export function passRows<T extends number>(rows: readonly EventRow[], rules: PassRules<T>): Passed<T> {
  const ids = rows.map((row) => BigInt(row.id_text));
  const { count, hole } = rules.holesCanClose ? contiguous(rules.after, ids) : { count: ids.length, hole: undefined };
  const events: ReflexEvent<T>[] = [];
  let position = rules.after;
  for (const [index, id] of ids.slice(0, count).entries()) {
    if (rules.target !== undefined && id > rules.target) return { events, position, hole: undefined, error: undefined };
    const event = rules.toEvent(rows[index] as EventRow);
    if (isUnknown(event, rules)) {
      const error = position === rules.after ? unknownType(event, rules.table) : undefined;
      return { events, position, hole: undefined, error };
    }
    position = id;
    if (!rules.leaveOut.has(id) && (rules.config.includeNoops || event.type !== noopEventType)) events.push(event);
  }
  return { events, position, hole, error: undefined };
}

function isUnknown<T extends number>(event: ReflexEvent, { config }: PassRules<T>): boolean {
  return config.onUnknownType === "error" && event.type !== noopEventType && config.types?.has(event.type) === false;
}

function unknownType(event: ReflexEvent, table: string): ReflexError {
  return new ReflexError(
    "unknown_event_type",
    `event ${event.id} of ${table} has type ${event.type}, which is not among the option types; add it, or set onUnknownType to "deliver"`,
    { details: { table, eventId: event.id, type: event.type } },
  );
}
