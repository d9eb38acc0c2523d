import { createTable, exactText, timeType } from "../schema/column-types.ts";
import { type ColumnCheck, integerOrTextColumn, SchemaCheck, textColumn } from "../schema/schema-check.ts";
import type { TableSchema } from "../schema/table-schema.ts";
import type { CursorsTableConfig } from "./cursors-table-options.ts";

/**
 * The schema of a cursors table. Two of its columns are there for what is to come, and nothing writes them yet. `fence` is for
 * the number of the lease that may move the cursor. `event_micros` is for the time of the event at the cursor, by which a
 * rewritten history can be noticed. An existing table may lack both.
 */
export function cursorsTableSchema(
  name: string,
  { fields, cursorType }: Pick<CursorsTableConfig, "fields" | "cursorType">,
): TableSchema {
  return {
    name,
    statements: (dialect) => {
      const integer = dialect.name === "mysql" ? "bigint" : "integer";
      return [
        createTable(dialect, name, [
          `${dialect.quote(fields.id)} ${exactText(dialect)} not null primary key`,
          `${dialect.quote(fields.cursor)} ${cursorType === "int" ? integer : exactText(dialect)} not null`,
          `${dialect.quote(fields.time)} ${timeType(dialect, "datetime6")} not null`,
          `${dialect.quote("fence")} ${integer} null`,
          `${dialect.quote("event_micros")} ${integer} null`,
        ]),
      ];
    },
  };
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
