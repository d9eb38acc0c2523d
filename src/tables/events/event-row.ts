import type { Dialect } from "../../database/dialect.ts";
import { noopEventType, type ReflexEvent } from "../../reflex/event.ts";
import type { ColumnDescription, TableDescription } from "../schema/table-columns.ts";
import type { EventFields, EventsTableConfig } from "./events-table-options.ts";
import { idText } from "./id-text.ts";

/** A row as {@link eventColumns} selects it. Drivers give integers as numbers, bigints or text. */
export interface EventRow {
  readonly id_value: string | number | bigint;
  /** Null where the server does not know the stored zone, or the row has no time. */
  readonly micros: string | number | bigint | null;
  readonly type_number: string | number | bigint;
  readonly foreign_id_value: string | number | bigint;
  readonly metadata_bytes?: Uint8Array | null;
  readonly trace_bytes?: Uint8Array | null;
}

/** Which columns drivers give as events need them. The others are cast by the server, row by row. */
export interface PlainColumns {
  readonly foreignId: boolean;
  readonly metadata: boolean;
  readonly trace: boolean;
}

const TEXT = new Set(["char", "varchar", "tinytext", "text", "mediumtext", "longtext"]);
const INTEGER = new Set(["tinyint", "smallint", "mediumint", "int", "bigint"]);
const BYTES = new Set(["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"]);
const NONE: PlainColumns = { foreignId: false, metadata: false, trace: false };

/** Which columns of an events table need no cast: every driver gives these types exactly. */
export function plainColumns(dialect: Dialect, { columns }: TableDescription, fields: EventFields): PlainColumns {
  const is = (name: string | undefined, test: (column: ColumnDescription) => boolean): boolean => {
    const column = name === undefined ? undefined : columns.get(name.toLowerCase());
    // SQLite's columns hold values of any type.
    return dialect.name === "mysql" && column !== undefined && test(column);
  };
  return {
    foreignId: is(fields.foreignId, isPlainForeignId),
    metadata: is(fields.metadata, ({ type }) => BYTES.has(type)),
    trace: is(fields.trace, ({ type }) => BYTES.has(type)),
  };
}

/** Not with ZEROFILL, which drivers leave out. */
function isPlainForeignId({ type, fullType }: ColumnDescription): boolean {
  return TEXT.has(type) || (INTEGER.has(type) && !fullType.includes("zerofill"));
}

/**
 * The columns of an event, of a table aliased `t`. No alias is a column's own name: `order by` would sort by the alias,
 * and text sorts "10" before "9".
 */
export function eventColumns(dialect: Dialect, config: EventsTableConfig, plain: PlainColumns = NONE): string {
  const { fields, time, foreignIdBytes } = config;
  const column = (name: string): string => `t.${dialect.quote(name)}`;
  // As bytes whatever the column: a driver would parse JSON and decode text, and numbers in it would be rounded.
  const bytes = (name: string, isPlain: boolean): string => (isPlain ? column(name) : dialect.asBytes(column(name)));
  const foreignId = column(fields.foreignId);
  const foreignIdText = plain.foreignId ? foreignId : dialect.asText(foreignId);
  const columns = [
    `${dialect.exactInteger(column(fields.id))} as id_value`,
    `${dialect.eventMicros(column(fields.time), time)} as micros`,
    `${column(fields.type)} as type_number`,
    `${foreignIdBytes ? dialect.asHex(foreignId) : foreignIdText} as foreign_id_value`,
  ];
  if (fields.metadata !== undefined) columns.push(`${bytes(fields.metadata, plain.metadata)} as metadata_bytes`);
  if (fields.trace !== undefined) columns.push(`${bytes(fields.trace, plain.trace)} as trace_bytes`);
  return columns.join(", ");
}

/** Whether the event closes a gap: type 0, and the foreign id that noops of this table have. */
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
