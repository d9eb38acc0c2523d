import { type ColumnCheck, type ColumnChecks, integerColumn, SchemaCheck, textColumn } from "../schema/schema-check.ts";
import type { TableDescription } from "../schema/table-columns.ts";
import type { ErrorsTableConfig } from "./errors-table-options.ts";

/** The check of an errors table at its first use. */
export function errorsSchemaCheck(config: ErrorsTableConfig): SchemaCheck {
  return new SchemaCheck(
    config.table,
    ({ dialect }) => errorColumnChecks(config, dialect.name === "mysql"),
    (description) => keyProblems(description, config),
  );
}

function errorColumnChecks({ fields }: ErrorsTableConfig, mysql: boolean): ColumnChecks {
  return [
    { field: fields.id, option: "idField", check: mysql ? autoIncrement : primary },
    { field: fields.consumer, option: "consumerField", check: textColumn },
    { field: fields.eventId, option: "eventIdField", check: integerOrText },
    { field: fields.message, option: "messageField", check: textColumn },
    { field: fields.createdAt, option: "createdAtField", ...(mysql ? { check: timeColumn } : {}) },
    { field: fields.updatedAt, option: "updatedAtField", ...(mysql ? { check: timeColumn } : {}) },
    { field: fields.status, option: "statusField", check: integerColumn },
  ];
}

const autoIncrement: ColumnCheck = (column) =>
  column.autoIncrement ? integerColumn(column) : "must be auto_increment, which is where an error's id comes from";

const primary: ColumnCheck = (column) =>
  column.primary ? integerColumn(column) : "must be the primary key, which is where an error's id comes from";

const integerOrText: ColumnCheck = (column) =>
  integerColumn(column) === undefined || textColumn(column) === undefined ? undefined : "must be bigint";

const timeColumn: ColumnCheck = ({ type }) =>
  type === "datetime" || type === "timestamp" ? undefined : "must be datetime(6)";

function keyProblems({ columns, uniqueKeys }: TableDescription, { fields }: ErrorsTableConfig): string[] {
  const wanted = [fields.consumer, fields.eventId];
  // Of a missing column there is a problem already.
  if (wanted.some((field) => !columns.has(field.toLowerCase()))) return [];
  const found = uniqueKeys.some((key) => key.size === 2 && wanted.every((field) => key.has(field.toLowerCase())));
  if (found) return [];
  return [`it needs a unique key on (${wanted.join(", ")}), or one failure could have two records`];
}
