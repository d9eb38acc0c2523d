import type { Dialect } from "../../database/dialect.ts";
import type { EventFields, EventsTableConfig } from "../events-table-options.ts";
import { autoIncrementId, createTable, timeType } from "./column-types.ts";
import type { TableSchema } from "./table-schema.ts";

type EventsShape = Pick<EventsTableConfig, "fields" | "time">;

/** The schema of an events table. */
export function eventsTableSchema(
  name: string,
  { fields, time }: EventsShape,
  foreignIdType: "text" | "integer",
): TableSchema {
  return {
    name,
    statements: (dialect) => [
      createTable(dialect, name, [
        autoIncrementId(dialect, fields.id),
        `${dialect.quote(fields.foreignId)} ${foreignId(dialect, foreignIdType)} not null`,
        `${dialect.quote(fields.time)} ${timeType(dialect, time.column)} not null`,
        `${dialect.quote(fields.type)} ${dialect.name === "mysql" ? "int" : "integer"} not null default 0`,
        ...byteColumns(dialect, fields),
      ]),
    ],
  };
}

function foreignId(dialect: Dialect, type: "text" | "integer"): string {
  if (dialect.name === "sqlite") return type;
  return type === "integer" ? "bigint" : "varchar(255) character set utf8mb4 collate utf8mb4_bin";
}

// Nullable, so that a noop needs no value.
function byteColumns(dialect: Dialect, { metadata, trace }: EventFields): string[] {
  const columns: string[] = [];
  if (metadata !== undefined)
    columns.push(`${dialect.quote(metadata)} ${dialect.name === "mysql" ? "mediumblob" : "blob"} null`);
  if (trace !== undefined) columns.push(`${dialect.quote(trace)} blob null`);
  return columns;
}
