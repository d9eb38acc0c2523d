import type { Dialect } from "../database/dialect.ts";
import { noopEventType, type ReflexEvent } from "../reflex/event.ts";
import type { EventsTableConfig } from "./events-table-options.ts";

/** A row as {@link eventColumns} selects it. Drivers give integers as numbers, bigints or text. */
export interface EventRow {
  readonly id_text: string;
  /** Null where the server does not know the stored zone, or the row has no time. */
  readonly micros: string | number | bigint | null;
  readonly type_number: string | number | bigint;
  readonly foreign_id_text: string;
  readonly metadata_bytes?: Uint8Array | null;
  readonly trace_bytes?: Uint8Array | null;
}

/**
 * The columns of an event, of a table aliased `t`. No alias is a column's own name: `order by` would sort by the alias,
 * and text sorts "10" before "9".
 */
export function eventColumns(dialect: Dialect, { fields, time, foreignIdBytes }: EventsTableConfig): string {
  const column = (name: string): string => `t.${dialect.quote(name)}`;
  const columns = [
    `${dialect.asText(column(fields.id))} as id_text`,
    `${dialect.eventMicros(column(fields.time), time)} as micros`,
    `${column(fields.type)} as type_number`,
    `${foreignIdBytes ? dialect.asHex(column(fields.foreignId)) : dialect.asText(column(fields.foreignId))} as foreign_id_text`,
  ];
  // As bytes whatever the column: a driver would parse JSON and decode text, and numbers in it would be rounded.
  if (fields.metadata !== undefined) columns.push(`${dialect.asBytes(column(fields.metadata))} as metadata_bytes`);
  if (fields.trace !== undefined) columns.push(`${dialect.asBytes(column(fields.trace))} as trace_bytes`);
  return columns.join(", ");
}

/** Whether the event closes a hole: type 0, and the foreign id that noops of this table have. */
export function isNoopOf(event: ReflexEvent, { noopForeignId }: Pick<EventsTableConfig, "noopForeignId">): boolean {
  return event.type === noopEventType && event.foreignId === noopForeignId;
}

/** Makes the event of a row. */
export function toEvent<T extends number>(row: EventRow): ReflexEvent<T> {
  return new TableEvent<T>(row);
}

class TableEvent<T extends number> implements ReflexEvent<T> {
  readonly id: string;
  readonly type: T;
  readonly foreignId: string;
  readonly timestampMicros: number;
  readonly metadata: Uint8Array | undefined;
  readonly trace: Uint8Array | undefined;

  constructor(row: EventRow) {
    this.id = row.id_text;
    this.type = Number(row.type_number) as T;
    this.foreignId = row.foreign_id_text;
    this.timestampMicros = Number(row.micros);
    this.metadata = row.metadata_bytes ?? undefined;
    this.trace = row.trace_bytes ?? undefined;
  }

  get timestamp(): Date {
    return new Date(Math.floor(this.timestampMicros / 1000));
  }
}
