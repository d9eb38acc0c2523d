import type { Dialect } from "../../database/dialect.ts";
import type { ColumnDescription, TableDescription } from "../schema/table-columns.ts";
import type { PlainColumns } from "./event-row.ts";
import type { EventFields } from "./events-table-options.ts";

const TEXT = new Set(["char", "varchar", "tinytext", "text", "mediumtext", "longtext"]);
const INTEGER = new Set(["tinyint", "smallint", "mediumint", "int", "bigint"]);
const BYTES = new Set(["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"]);

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
