import type { Dialect } from "../../database/dialect.ts";
import { autoIncrementId, createTable, timeType } from "../schema/column-types.ts";
import type { TableSchema } from "../schema/table-schema.ts";
import type { EventFields, EventsTableConfig } from "./events-table-options.ts";

type EventsShape = Pick<EventsTableConfig, "fields" | "time"> & Partial<Pick<EventsTableConfig, "foreignIdBytes">>;

/** The schema of an events table. */
export function eventsTableSchema(
  name: string,
  { fields, time, foreignIdBytes = false }: EventsShape,
  foreignIdType: "text" | "integer",
): TableSchema {
  return {
    name,
    statements: (dialect) => [
      createTable(dialect, name, [
        autoIncrementId(dialect, fields.id),
        `${dialect.quote(fields.foreignId)} ${foreignId(dialect, foreignIdBytes ? "bytes" : foreignIdType)} not null`,
        `${dialect.quote(fields.time)} ${timeType(dialect, time.column)} not null`,
        `${dialect.quote(fields.type)} ${dialect.name === "mysql" ? "int" : "integer"} not null default 0`,
        ...byteColumns(dialect, fields),
      ]),
    ],
  };
}

function foreignId(dialect: Dialect, type: "text" | "integer" | "bytes"): string {
  if (dialect.name === "sqlite") return type === "bytes" ? "blob" : type;
  // Of no fixed length: binary(n) would fill shorter values up, and give them back longer.
  if (type === "bytes") return "varbinary(255)";
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
