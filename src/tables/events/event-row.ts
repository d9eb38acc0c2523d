import { ReflexError } from "../../errors/reflex-error.ts";
import { noopEventType, type ReflexEvent } from "../../reflex/event.ts";
import { storedMicros } from "../../reflex/event-position.ts";
import type { EventsTableConfig } from "./events-table-options.ts";
import { idText } from "./id-text.ts";
import type { TableDefinition } from "./table-context.ts";

/** A row as `eventColumns` selects it. Drivers give integers as numbers, bigints or text. */
export interface EventRow {
  readonly id_value: string | number | bigint;
  /** Null where the server does not know the stored time zone, and where the row has no time. */
  readonly micros: string | number | bigint | null;
  /** The time as its column stores it; only of a table with the option `storedZone`. */
  readonly stored_micros?: string | number | bigint | null;
  readonly type_number: string | number | bigint;
  readonly foreign_id_value: string | number | bigint;
  readonly metadata_bytes?: Uint8Array | null;
  readonly trace_bytes?: Uint8Array | null;
  /** How many bytes the metadata should have; absent if no cast can lose it. See `Dialect.leastByteLength`. */
  readonly metadata_length?: string | number | bigint | null;
  readonly trace_length?: string | number | bigint | null;
  /** How many bytes metadata and trace have that were too long to come with the row; null or absent if they came. */
  readonly left_out_bytes?: string | number | bigint | null;
}

/** A server that has no tables of time zones converts no time, and gives a null instead. */
export function checkTimes(
  rows: readonly Pick<EventRow, "id_value" | "micros">[],
  { table, config }: TableDefinition,
): void {
  const { zone } = config.time;
  const timeless = zone === undefined ? undefined : rows.find(({ micros }) => micros === null);
  if (timeless === undefined) return;
  throw new ReflexError(
    "wrong_schema",
    `the time of row ${timeless.id_value} of ${table} can't be read: the server does not know the zone ${zone} of option storedZone, or the row has none; load the server's time zone tables (mysql_tzinfo_to_sql, mariadb-tzinfo-to-sql), or give an offset such as "+02:00"`,
    { details: { table, eventId: String(timeless.id_value) } },
  );
}

/** Whether the event is a noop of this table: of type 0, with the foreign id that the table's noops have. */
export function isNoopOf(event: ReflexEvent, { noopForeignId }: Pick<EventsTableConfig, "noopForeignId">): boolean {
  return event.type === noopEventType && event.foreignId === noopForeignId;
}

/** Makes the event of a row. */
export function toEvent<T extends number>(row: EventRow): ReflexEvent<T> {
  // variant place: an event whose values were left out
  if (row.left_out_bytes !== undefined && row.left_out_bytes !== null) return new PartialEvent<T>(row);
  return row.stored_micros === undefined ? new TableEvent<T>(row) : new ZonedEvent<T>(row);
}

class TableEvent<T extends number> implements ReflexEvent<T> {
  readonly id: string;
  readonly type: T;
  readonly foreignId: string;
  readonly timestampMicros: number;
  readonly metadata: Uint8Array | undefined;
  readonly trace: Uint8Array | undefined;

  constructor(row: EventRow) {
    this.id = idText(row.id_value);
    this.type = Number(row.type_number) as T;
    const { foreign_id_value: foreignId } = row;
    this.foreignId = typeof foreignId === "string" ? foreignId : String(foreignId);
    this.timestampMicros = Number(row.micros);
    this.metadata = row.metadata_bytes ?? undefined;
    this.trace = row.trace_bytes ?? undefined;
  }

  get timestamp(): Date {
    return new Date(Math.floor(this.timestampMicros / 1000));
  }
}

/** An event whose metadata and trace were left out when its row was read. No stream delivers it as it is. */
class PartialEvent<T extends number> extends TableEvent<T> {
  readonly leftOutBytes: number;

  constructor(row: EventRow) {
    super(row);
    this.leftOutBytes = Number(row.left_out_bytes);
  }
}

/** How many bytes of the event's metadata and trace were left out when it was read; 0 if it is complete. */
export function leftOutBytes(event: ReflexEvent): number {
  return event instanceof PartialEvent ? event.leftOutBytes : 0;
}

/** The event without metadata and trace: what is kept of a row that was passed, to know it again. */
export function withoutValues<T extends number>(event: ReflexEvent<T>): ReflexEvent<T> {
  if (event.metadata === undefined && event.trace === undefined) return event;
  const bare: ReflexEvent<T> = Object.create(Object.getPrototypeOf(event) as object) as ReflexEvent<T>;
  return Object.assign(bare, event, { metadata: undefined, trace: undefined });
}

/** An event of a table with the option `storedZone`: its row is known again when that option is corrected. */
class ZonedEvent<T extends number> extends TableEvent<T> {
  readonly [storedMicros]: number;

  constructor(row: EventRow) {
    super(row);
    this[storedMicros] = Number(row.stored_micros);
  }
}
