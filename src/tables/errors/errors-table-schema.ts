import type { Dialect, TimeStorage } from "../../database/dialect.ts";
import { checkIdentifier, parseTableName } from "../../database/identifiers.ts";
import { aBoolean, aString, checkOptions, type OptionChecks, oneOf } from "../../options/check-options.ts";
import { eventsTableSchema } from "../events/events-table-schema.ts";
import { autoIncrementId, createTable, exactText, timeType } from "../schema/column-types.ts";
import {
  type ColumnCheck,
  type ColumnChecks,
  integerColumn,
  integerOrTextColumn,
  SchemaCheck,
  textColumn,
} from "../schema/schema-check.ts";
import type { TableDescription } from "../schema/table-columns.ts";
import type { TableSchema } from "../schema/table-schema.ts";

/** The names of an errors table and its columns. */
export interface ErrorsTableSchemaOptions {
  /** The table's name, or `schema.table`. @defaultValue "consumer_errors" */
  tableName?: string | undefined;
  /** The auto-increment primary key. @defaultValue "id" */
  idField?: string | undefined;
  /** The column of the event's id. @defaultValue "event_id" */
  eventIdField?: string | undefined;
  /** The column of the consumer's name. @defaultValue "consumer" */
  consumerField?: string | undefined;
  /** The column of what was thrown. @defaultValue "msg" */
  messageField?: string | undefined;
  /** The column of the time of the first record. @defaultValue "created_at" */
  createdAtField?: string | undefined;
  /** The column of the time of the last change. @defaultValue "updated_at" */
  updatedAtField?: string | undefined;
  /** The column of the status, an integer. @defaultValue "status" */
  statusField?: string | undefined;
  /**
   * The column that counts how often an error was recorded. A table that others made may lack it. @defaultValue
   * "attempts"
   */
  attemptsField?: string | undefined;
  /** The type of the time column of the table of the errors' events. @defaultValue "datetime6" */
  eventsTimeColumn?: TimeStorage["column"] | undefined;
  /** Whether the events table is left out. @defaultValue false */
  recordOnly?: boolean | undefined;
}

/** The columns of an errors table. */
export interface ErrorFields {
  readonly id: string;
  readonly eventId: string;
  readonly consumer: string;
  readonly message: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly status: string;
  readonly attempts: string;
}

export const errorsTableSchemaChecks: OptionChecks<ErrorsTableSchemaOptions> = {
  tableName: aString,
  idField: aString,
  eventIdField: aString,
  consumerField: aString,
  messageField: aString,
  createdAtField: aString,
  updatedAtField: aString,
  statusField: aString,
  attemptsField: aString,
  eventsTimeColumn: oneOf("datetime6", "datetime", "timestamp"),
  recordOnly: aBoolean,
};

/**
 * Fills in the defaults.
 * @throws TypeError `invalid_identifier`
 */
export function toErrorsTableNames(options: ErrorsTableSchemaOptions): { tableName: string; fields: ErrorFields } {
  const { tableName = "consumer_errors" } = options;
  parseTableName(tableName, "option tableName of an errors table");
  const fields = {
    id: field("idField", options.idField ?? "id"),
    eventId: field("eventIdField", options.eventIdField ?? "event_id"),
    consumer: field("consumerField", options.consumerField ?? "consumer"),
    message: field("messageField", options.messageField ?? "msg"),
    createdAt: field("createdAtField", options.createdAtField ?? "created_at"),
    updatedAt: field("updatedAtField", options.updatedAtField ?? "updated_at"),
    status: field("statusField", options.statusField ?? "status"),
    attempts: field("attemptsField", options.attemptsField ?? "attempts"),
  };
  return { tableName, fields };
}

/**
 * The schema of a table of consumer errors, with one row for each consumer and event, and of the events table
 * `<tableName>_events` beside it, by which errors are streamed. `ErrorsTable.schema` is made of it.
 */
export function errorsTableSchema(options: ErrorsTableSchemaOptions = {}): TableSchema {
  const checked = checkOptions("errorsTableSchema", options, errorsTableSchemaChecks);
  const { tableName, fields } = toErrorsTableNames(checked);
  const { recordOnly, eventsTimeColumn = "datetime6" } = checked;
  const events = recordOnly === true ? undefined : errorEvents(tableName, eventsTimeColumn);
  return {
    name: tableName,
    statements: (dialect) => [createErrors(dialect, tableName, fields), ...(events?.statements(dialect) ?? [])],
  };
}

function createErrors(dialect: Dialect, tableName: string, fields: ErrorFields): string {
  const mysql = dialect.name === "mysql";
  const column = (name: string, type: string): string => `${dialect.quote(name)} ${type}`;
  const key = `(${dialect.quote(fields.consumer)}, ${dialect.quote(fields.eventId)})`;
  return createTable(dialect, tableName, [
    autoIncrementId(dialect, fields.id),
    column(fields.consumer, `${exactText(dialect)} not null`),
    column(fields.eventId, `${mysql ? "bigint" : "integer"} not null`),
    column(fields.message, `${mysql ? "mediumtext character set utf8mb4" : "text"} not null`),
    column(fields.createdAt, `${timeType(dialect, "datetime6")} not null`),
    column(fields.updatedAt, `${timeType(dialect, "datetime6")} not null`),
    column(fields.status, `${mysql ? "int" : "integer"} not null default 0`),
    column(fields.attempts, `${mysql ? "int" : "integer"} null`),
    `${mysql ? "unique key `by_consumer_and_event`" : "unique"} ${key}`,
  ]);
}

/** The table of the errors' events. Their foreign id is the error's id, their metadata is the consumer's name. */
function errorEvents(tableName: string, column: TimeStorage["column"]): TableSchema {
  const fields = {
    id: "id",
    time: "timestamp",
    type: "type",
    foreignId: "foreign_id",
    metadata: "metadata",
    trace: undefined,
  };
  return eventsTableSchema(`${tableName}_events`, { fields, time: { column, zone: undefined } }, "text");
}

function field(name: keyof ErrorsTableSchemaOptions, value: string): string {
  return checkIdentifier(value, `option ${name} of an errors table`);
}

/** The check of an errors table at its first use. */
export function errorsSchemaCheck(table: string, fields: ErrorFields): SchemaCheck {
  return new SchemaCheck(
    table,
    ({ dialect }) => errorColumnChecks(fields, dialect.name === "mysql"),
    (description) => keyProblems(description, fields),
  );
}

function errorColumnChecks(fields: ErrorFields, mysql: boolean): ColumnChecks {
  return [
    { field: fields.id, option: "idField", check: mysql ? autoIncrement : primary },
    { field: fields.consumer, option: "consumerField", check: textColumn },
    { field: fields.eventId, option: "eventIdField", check: integerOrTextColumn },
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

const timeColumn: ColumnCheck = ({ type }) =>
  type === "datetime" || type === "timestamp" ? undefined : "must be datetime(6)";

function keyProblems({ columns, uniqueKeys }: TableDescription, fields: ErrorFields): string[] {
  const wanted = [fields.consumer, fields.eventId];
  // That a column is missing was found by the checks of columns already.
  if (wanted.some((name) => !columns.has(name.toLowerCase()))) return [];
  const found = uniqueKeys.some((key) => key.size === 2 && wanted.every((name) => key.has(name.toLowerCase())));
  if (found) return [];
  return [`it needs a unique key on (${wanted.join(", ")}), or one failure could have two records`];
}
