import type { Dialect } from "../../database/dialect.ts";
import { ReflexError } from "../../errors/reflex-error.ts";
import { noopEventType, type ReflexEvent } from "../../reflex/event.ts";
import { storedMicros } from "../../reflex/event-position.ts";
import type { ColumnDescription, TableDescription } from "../schema/table-columns.ts";
import type { EventFields, EventsTableConfig } from "./events-table-options.ts";
import { idText } from "./id-text.ts";
import type { TableDefinition } from "./table-context.ts";

/** A row as {@link eventColumns} selects it. Drivers give integers as numbers, bigints or text. */
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
}

/** Which columns drivers give in the form that events need. The server casts the others, row by row. */
export interface PlainColumns {
  readonly foreignId: boolean;
  readonly metadata: boolean;
  readonly trace: boolean;
}

const TEXT = new Set(["char", "varchar", "tinytext", "text", "mediumtext", "longtext"]);
const INTEGER = new Set(["tinyint", "smallint", "mediumint", "int", "bigint"]);
const BYTES = new Set(["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"]);
const NONE: PlainColumns = { foreignId: false, metadata: false, trace: false };

/** Which columns of an events table need no cast, since every driver gives values of their types exactly. */
export function plainColumns(dialect: Dialect, { columns }: TableDescription, fields: EventFields): PlainColumns {
  const is = (name: string | undefined, test: (column: ColumnDescription) => boolean): boolean => {
    const column = name === undefined ? undefined : columns.get(name.toLowerCase());
    // A column of SQLite may hold values of any type.
    return dialect.name === "mysql" && column !== undefined && test(column);
  };
  return {
    foreignId: is(fields.foreignId, isPlainForeignId),
    metadata: is(fields.metadata, ({ type }) => BYTES.has(type)),
    trace: is(fields.trace, ({ type }) => BYTES.has(type)),
  };
}

/** Whether the column of foreign ids needs no cast. One with ZEROFILL does: drivers leave out its zeros. */
function isPlainForeignId({ type, fullType }: ColumnDescription): boolean {
  return TEXT.has(type) || (INTEGER.has(type) && !fullType.includes("zerofill"));
}

/**
 * The columns of an event in a select list, of a table with the alias `t`. No column has its own name as its alias:
 * `order by` would sort by the alias, and text sorts "10" before "9".
 */
export function eventColumns(dialect: Dialect, config: EventsTableConfig, plain: PlainColumns = NONE): string {
  const { fields, time, foreignIdBytes } = config;
  const column = (name: string): string => `t.${dialect.quote(name)}`;
  // Metadata is selected as bytes, whatever its column's type. A driver would parse JSON and decode text, and round the
  // numbers in it.
  const bytes = (name: string, isPlain: boolean): string => (isPlain ? column(name) : dialect.asBytes(column(name)));
  const foreignIdText = plain.foreignId ? column(fields.foreignId) : undefined;
  const columns = [
    `${dialect.exactInteger(column(fields.id))} as id_value`,
    `${dialect.eventMicros(column(fields.time), time)} as micros`,
    `${column(fields.type)} as type_number`,
    `${(foreignIdBytes ? undefined : foreignIdText) ?? castForeignId(dialect, config)} as foreign_id_value`,
  ];
  if (time.zone !== undefined) {
    columns.push(`${dialect.eventMicros(column(fields.time), { ...time, zone: undefined })} as stored_micros`);
  }
  if (fields.metadata !== undefined) columns.push(`${bytes(fields.metadata, plain.metadata)} as metadata_bytes`);
  if (fields.trace !== undefined) columns.push(`${bytes(fields.trace, plain.trace)} as trace_bytes`);
  return columns.join(", ");
}

function castForeignId(dialect: Dialect, { fields, foreignIdBytes }: EventsTableConfig): string {
  const column = `t.${dialect.quote(fields.foreignId)}`;
  return foreignIdBytes ? dialect.asHex(column) : dialect.asText(column);
}

/**
 * The condition that a row of the table with the alias `t` is no noop, as {@link isNoopOf} tells it of events. Its one
 * placeholder is for the foreign id of the table's noops.
 */
export function eventCondition(dialect: Dialect, config: EventsTableConfig): string {
  const type = `t.${dialect.quote(config.fields.type)}`;
  return `(${type} <> ${noopEventType} or ${dialect.asBytes(castForeignId(dialect, config))} <> ${dialect.asBytes("?")})`;
}

/**
 * Whether rows that were selected without casts have the form that {@link plainColumns} expects. They have another once a
 * column was changed: a statement sees all its rows in one form, so that one value of each column tells.
 */
export function areAsExpected(rows: readonly EventRow[], { metadata, trace }: EventFields): boolean {
  const foreignId: unknown = rows[0]?.foreign_id_value;
  return (
    !(foreignId instanceof Uint8Array) &&
    (metadata === undefined || isBytes(firstOf(rows, "metadata_bytes"))) &&
    (trace === undefined || isBytes(firstOf(rows, "trace_bytes")))
  );
}

/** The first value in a column that is not null. */
function firstOf(rows: readonly EventRow[], name: "metadata_bytes" | "trace_bytes"): unknown {
  for (const row of rows) {
    const value = row[name];
    if (value !== null && value !== undefined) return value;
  }
  return undefined;
}

function isBytes(value: unknown): boolean {
  return value === undefined || value instanceof Uint8Array;
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

/** An event of a table with the option `storedZone`: its row is known again when that option is corrected. */
class ZonedEvent<T extends number> extends TableEvent<T> {
  readonly [storedMicros]: number;

  constructor(row: EventRow) {
    super(row);
    this[storedMicros] = Number(row.stored_micros);
  }
}
