import type { Dialect } from "../../database/dialect.ts";
import { noopEventType } from "../../reflex/event.ts";
import type { ColumnDescription, TableDescription } from "../schema/table-columns.ts";
import type { EventRow } from "./event-row.ts";
import type { EventFields, EventsTableConfig } from "./events-table-options.ts";

/** Which columns drivers give in the form that events need. The server casts the others, row by row. */
export interface PlainColumns {
  readonly foreignId: boolean;
  readonly metadata: boolean;
  readonly trace: boolean;
}

/** How rows of events are selected. */
export interface SelectForm {
  /** @defaultValue the server casts all columns */
  readonly plain?: PlainColumns | undefined;
  /**
   * Which values, metadata and trace, come with a row: all of them, none, or those of rows whose values have at most so many
   * bytes together. @defaultValue "all"
   */
  readonly values?: "all" | "none" | number | undefined;
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
export function eventColumns(dialect: Dialect, config: EventsTableConfig, form: SelectForm = {}): string {
  const { fields, time, foreignIdBytes } = config;
  const { plain = NONE } = form;
  const column = (name: string): string => `t.${dialect.quote(name)}`;
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
  return [...columns, ...valueColumns(dialect, fields, form)].join(", ");
}

/** How metadata or trace is selected. */
interface SelectedValue {
  readonly as: "metadata" | "trace";
  readonly sql: string;
  readonly length: string;
  /** By which it shows that a cast has lost the value; undefined if none is cast. */
  readonly least: string | undefined;
}

/** Metadata and trace, as bytes: a driver would parse JSON and decode text, and round the numbers in it. */
function valueColumns(
  dialect: Dialect,
  fields: EventFields,
  { plain = NONE, values = "all" }: SelectForm,
): readonly string[] {
  const value = (name: string, as: "metadata" | "trace"): SelectedValue => {
    const column = `t.${dialect.quote(name)}`;
    const sql = plain[as] ? column : dialect.asBytes(column);
    return {
      as,
      sql,
      length: dialect.byteLength(column),
      least: plain[as] ? undefined : dialect.leastByteLength(column),
    };
  };
  const { metadata, trace } = fields;
  const found = [
    metadata === undefined ? [] : [value(metadata, "metadata")],
    trace === undefined ? [] : [value(trace, "trace")],
  ].flat();
  if (values === "none" || found.length === 0) return [];
  const lengths = found.flatMap(({ least, as }) => (least === undefined ? [] : [`${least} as ${as}_length`]));
  if (values === "all") return [...found.map(({ sql, as }) => `${sql} as ${as}_bytes`), ...lengths];
  const sum = found.map(({ length }) => (found.length === 1 ? length : `coalesce(${length}, 0)`)).join(" + ");
  // A sum that is null is the length of a null, which is left out by itself.
  const bounded = found.map(({ sql, as }) => `case when ${sum} <= ${values} then ${sql} end as ${as}_bytes`);
  return [...bounded, ...lengths, `case when ${sum} > ${values} then ${sum} end as left_out_bytes`];
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
