import type { Dialect } from "../../database/dialect.ts";
import { changesTableStatement } from "../requests/changes-table-schema.ts";
import { createTable, exactText, timeType } from "../schema/column-types.ts";
import { type ColumnCheck, integerOrTextColumn, SchemaCheck, textColumn } from "../schema/schema-check.ts";
import { alterTable } from "../schema/table-change.ts";
import type { TableDescription } from "../schema/table-columns.ts";
import type { TableSchema } from "../schema/table-schema.ts";
import type { CursorsTableConfig } from "./cursors-table-options.ts";

type SchemaConfig = Pick<CursorsTableConfig, "fields" | "cursorType" | "changesTable">;

/**
 * The columns beside those of Go's rsql, which may all be missing. `position` says by which row the cursor is known again.
 * `fence` and `owner` are for the lease that may move the cursor, and nothing writes them yet. `generation` and `request` are
 * what people ask of the consumer. `table_name` is the events table in which the cursor is a position.
 */
function extraColumns(dialect: Dialect): ReadonlyMap<string, string> {
  const integer = dialect.name === "mysql" ? "bigint" : "integer";
  const longText = dialect.name === "mysql" ? "text character set utf8mb4 collate utf8mb4_bin" : "text";
  return new Map([
    ["position", exactText(dialect)],
    ["fence", integer],
    ["owner", exactText(dialect)],
    ["generation", integer],
    ["request", longText],
    ["table_name", exactText(dialect)],
  ]);
}

/** Columns of an earlier form that nothing ever wrote. */
const DROPPED = ["event_micros"];

/** The schema of a cursors table, and of the table of the changes that people have asked for. */
export function cursorsTableSchema(name: string, config: SchemaConfig): TableSchema {
  const { fields, cursorType, changesTable } = config;
  const own = [fields.id, fields.cursor, fields.time];
  return {
    name,
    statements: (dialect) => {
      const integer = dialect.name === "mysql" ? "bigint" : "integer";
      const columns = createTable(dialect, name, [
        `${dialect.quote(fields.id)} ${exactText(dialect)} not null primary key`,
        `${dialect.quote(fields.cursor)} ${cursorType === "int" ? integer : exactText(dialect)} not null`,
        `${dialect.quote(fields.time)} ${timeType(dialect, "datetime6")} not null`,
        ...[...extraColumns(dialect)].map(([column, type]) => `${dialect.quote(column)} ${type} null`),
      ]);
      return changesTable === undefined ? [columns] : [columns, changesTableStatement(dialect, changesTable)];
    },
    earlierForms: { go: own, fence: [...own, "fence", ...DROPPED] },
    alterations: (dialect, columns) =>
      alterTable(dialect, name, { columns, wanted: extraColumns(dialect), unwanted: DROPPED }),
  };
}

/** The columns that an existing table lacks, with what does not work without each; none of them is needed by a cursor. */
export function missingColumns({ columns }: TableDescription): readonly string[] {
  return ["position", "generation", "request", "table_name"].filter((column) => !columns.has(column));
}

/** The check of a cursors table at its first use. */
export function cursorsSchemaCheck(table: string, { fields, cursorType }: CursorsTableConfig): SchemaCheck {
  return new SchemaCheck(table, () => [
    { field: fields.id, option: "idField", check: uniqueText },
    { field: fields.cursor, option: "cursorField", check: cursorType === "int" ? integerOrTextColumn : textColumn },
    { field: fields.time, option: "timeField" },
  ]);
}

const uniqueText: ColumnCheck = (column) =>
  column.unique ? textColumn(column) : "must be the primary key or unique, or one consumer could have two cursors";
