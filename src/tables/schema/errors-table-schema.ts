import type { Dialect } from "../../database/dialect.ts";
import { checkIdentifier, parseTableName } from "../../database/identifiers.ts";
import { aString, checkOptions } from "../../reflex/options.ts";
import { autoIncrementId, createTable, exactText, timeType } from "./column-types.ts";
import { eventsTableSchema } from "./events-table-schema.ts";
import type { TableSchema } from "./table-schema.ts";

export interface ErrorsTableSchemaOptions {
  /** @defaultValue "consumer_errors" */
  tableName?: string | undefined;
  /** @defaultValue "id" */
  idField?: string | undefined;
  /** @defaultValue "event_id" */
  eventIdField?: string | undefined;
  /** @defaultValue "consumer" */
  consumerField?: string | undefined;
  /** @defaultValue "msg" */
  messageField?: string | undefined;
  /** @defaultValue "created_at" */
  createdAtField?: string | undefined;
  /** @defaultValue "updated_at" */
  updatedAtField?: string | undefined;
  /** @defaultValue "status" */
  statusField?: string | undefined;
}

type ErrorsTableNames = { [K in keyof ErrorsTableSchemaOptions]-?: string };

const defaults: ErrorsTableNames = {
  tableName: "consumer_errors",
  idField: "id",
  eventIdField: "event_id",
  consumerField: "consumer",
  messageField: "msg",
  createdAtField: "created_at",
  updatedAtField: "updated_at",
  statusField: "status",
};

/**
 * The schema of a table of consumer errors, one row per consumer and event, and of the events table beside it
 * (`<table>_events`) that streams them.
 */
export function errorsTableSchema(options: ErrorsTableSchemaOptions = {}): TableSchema {
  const checks = Object.fromEntries(Object.keys(defaults).map((name) => [name, aString]));
  checkOptions("errorsTableSchema", options, checks as Record<keyof ErrorsTableSchemaOptions, typeof aString>);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const { tableName, ...fields }: ErrorsTableNames = { ...defaults, ...Object.fromEntries(given) };
  parseTableName(tableName, "option tableName");
  for (const [name, field] of Object.entries(fields)) checkIdentifier(field, `option ${name}`);
  return {
    name: tableName,
    statements: (dialect) => [createErrors(dialect, tableName, fields), ...errorEvents(tableName).statements(dialect)],
  };
}

function createErrors(dialect: Dialect, tableName: string, fields: Omit<ErrorsTableNames, "tableName">): string {
  const mysql = dialect.name === "mysql";
  const column = (field: string, type: string): string => `${dialect.quote(field)} ${type}`;
  const key = `(${dialect.quote(fields.consumerField)}, ${dialect.quote(fields.eventIdField)})`;
  return createTable(dialect, tableName, [
    autoIncrementId(dialect, fields.idField),
    column(fields.consumerField, `${exactText(dialect)} not null`),
    column(fields.eventIdField, `${mysql ? "bigint" : "integer"} not null`),
    column(fields.messageField, `${mysql ? "mediumtext character set utf8mb4" : "text"} not null`),
    column(fields.createdAtField, `${timeType(dialect, "datetime6")} not null`),
    column(fields.updatedAtField, `${timeType(dialect, "datetime6")} not null`),
    column(fields.statusField, `${mysql ? "int" : "integer"} not null default 0`),
    column("attempts", `${mysql ? "int" : "integer"} null`),
    `${mysql ? "unique key `by_consumer_and_event`" : "unique"} ${key}`,
  ]);
}

/** Its events: foreign id = the error's id, metadata = the consumer's name. */
function errorEvents(tableName: string): TableSchema {
  const fields = {
    id: "id",
    time: "timestamp",
    type: "type",
    foreignId: "foreign_id",
    metadata: "metadata",
    trace: undefined,
  };
  return eventsTableSchema(`${tableName}_events`, { fields, time: { column: "datetime6", zone: undefined } }, "text");
}
