import { type ColumnCheck, integerColumn, SchemaCheck, textColumn } from "../schema/schema-check.ts";
import type { CursorsTableConfig } from "./cursors-table-options.ts";

/** The check of a cursors table at its first use. */
export function cursorsSchemaCheck(table: string, { fields, cursorType }: CursorsTableConfig): SchemaCheck {
  return new SchemaCheck(table, () => [
    { field: fields.id, option: "idField", check: uniqueText },
    { field: fields.cursor, option: "cursorField", check: cursorType === "int" ? integerOrText : textColumn },
    { field: fields.time, option: "timeField" },
  ]);
}

const uniqueText: ColumnCheck = (column) =>
  column.unique ? textColumn(column) : "must be the primary key or unique, or one consumer could have two cursors";

const integerOrText: ColumnCheck = (column) =>
  integerColumn(column) === undefined || textColumn(column) === undefined ? undefined : "must be bigint";
