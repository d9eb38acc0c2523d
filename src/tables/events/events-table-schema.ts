import type { Dialect, TimeStorage } from "../../database/dialect.ts";
import { autoIncrementId, createTable, timeType } from "../schema/column-types.ts";
import { type ColumnCheck, type ColumnChecks, integerColumn, SchemaCheck } from "../schema/schema-check.ts";
import type { TableDescription } from "../schema/table-columns.ts";
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
  // A type of no fixed length: binary(n) would fill up shorter values, and give them back longer.
  if (type === "bytes") return "varbinary(255)";
  return type === "integer" ? "bigint" : "varchar(255) character set utf8mb4 collate utf8mb4_bin";
}

// These columns may be null, so that a noop needs no value for them.
function byteColumns(dialect: Dialect, { metadata, trace }: EventFields): string[] {
  const columns: string[] = [];
  if (metadata !== undefined)
    columns.push(`${dialect.quote(metadata)} ${dialect.name === "mysql" ? "mediumblob" : "blob"} null`);
  if (trace !== undefined) columns.push(`${dialect.quote(trace)} blob null`);
  return columns;
}

/** The check of an events table at its first use by a stream. */
export function eventsSchemaCheck(table: string, config: EventsTableConfig): SchemaCheck {
  // Of a table with a loader only the highest id is looked up in the table itself.
  if (config.loader !== undefined) {
    const columns = [{ field: config.fields.id, option: "idField", check: integerColumn }];
    return new SchemaCheck(table, () => columns);
  }
  return new SchemaCheck(table, ({ dialect }) => eventColumnChecks(config, dialect.name === "mysql"));
}

function eventColumnChecks({ fields, time, foreignIdBytes }: EventsTableConfig, mysql: boolean): ColumnChecks {
  const optional = [
    { field: fields.metadata, option: "metadataField" },
    { field: fields.trace, option: "traceField" },
  ];
  return [
    { field: fields.id, option: "idField", check: autoIncrementKey },
    { field: fields.foreignId, option: "foreignIdField", check: foreignIdColumn(foreignIdBytes) },
    { field: fields.time, option: "timeField", ...(mysql ? { check: timeColumn(time) } : {}) },
    { field: fields.type, option: "typeField", check: integerColumn },
    ...optional.flatMap(({ field, option }) => (field === undefined ? [] : [{ field, option }])),
  ];
}

const autoIncrementKey: ColumnCheck = (column) => {
  if (!column.primary) return "must be the primary key, which is what proves that an id is given once";
  if (!column.autoIncrement) return "must be auto_increment";
  return integerColumn(column);
};

function foreignIdColumn(bytes: boolean): ColumnCheck {
  return ({ type }) => {
    if (bytes || type !== "binary") return undefined;
    return 'holds bytes, not text: set the option foreignIdColumn to "binary" and give foreign ids in hex';
  };
}

function timeColumn({ column }: TimeStorage): ColumnCheck {
  return ({ type, fullType }) => {
    switch (column) {
      case "datetime6":
        // When MySQL stores a time into a column with fewer digits, it rounds 0.5 s up. The event would be from the
        // future.
        return fullType === "datetime(6)"
          ? undefined
          : "must be datetime(6): change it, or name its type in option timeColumn";
      case "datetime":
        return type === "datetime" ? undefined : "must be datetime: change it, or name its type in option timeColumn";
      case "timestamp":
        return type === "timestamp" ? undefined : "must be timestamp: change it, or name its type in option timeColumn";
    }
  };
}

const NUMBERS_AND_TEXT = new Set(
  "tinyint smallint mediumint int integer bigint decimal char varchar varbinary tinytext text mediumtext longtext".split(
    " ",
  ),
);

/** Why no noop can be made for a table with these columns; undefined if one can. */
export function noopProblem({ columns }: TableDescription, { fields, gaps }: EventsTableConfig): string | undefined {
  const column = columns.get(fields.foreignId.toLowerCase());
  if (column === undefined || NUMBERS_AND_TEXT.has(column.type) || fields.foreignId in gaps.noopValues)
    return undefined;
  return `column ${column.name} is ${column.fullType}, of which no value is known to stand for no event: give one in gaps.noopValues`;
}
