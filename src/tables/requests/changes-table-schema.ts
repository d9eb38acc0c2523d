import type { Dialect } from "../../database/dialect.ts";
import { autoIncrementId, createTable, exactText, timeType } from "../schema/column-types.ts";
import { SchemaCheck } from "../schema/schema-check.ts";

const TEXTS = ["cursors_table", "consumer", "kind", "cursor_from", "cursor_to", "asked_by", "reason", "outcome"];
const COLUMNS = ["id", ...TEXTS, "asked_at", "answered_at"];

/** The statement that makes the table of what people have asked of consumers. */
export function changesTableStatement(dialect: Dialect, name: string): string {
  const time = timeType(dialect, "datetime6");
  return createTable(dialect, name, [
    autoIncrementId(dialect, "id"),
    ...TEXTS.map((column) => `${dialect.quote(column)} ${exactText(dialect)} not null`),
    `${dialect.quote("asked_at")} ${time} not null`,
    `${dialect.quote("answered_at")} ${time} null`,
  ]);
}

/** The check of that table at its first use. */
export function changesSchemaCheck(name: string): SchemaCheck {
  return new SchemaCheck(name, () => COLUMNS.map((field) => ({ field, option: "changesTable" })));
}
