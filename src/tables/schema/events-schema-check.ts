import type { TimeStorage } from "../../database/dialect.ts";
import type { EventsTableConfig } from "../events-table-options.ts";
import { type ColumnCheck, type ColumnChecks, integerColumn, SchemaCheck } from "./schema-check.ts";

/** The check of an events table at its first use by a stream. */
export function eventsSchemaCheck(table: string, config: EventsTableConfig): SchemaCheck {
  return new SchemaCheck(table, ({ dialect }) => eventColumnChecks(config, dialect.name === "mysql"));
}

function eventColumnChecks({ fields, time }: EventsTableConfig, mysql: boolean): ColumnChecks {
  const optional = [
    { field: fields.metadata, option: "metadataField" },
    { field: fields.trace, option: "traceField" },
  ];
  return [
    { field: fields.id, option: "idField", check: autoIncrementKey },
    { field: fields.foreignId, option: "foreignIdField" },
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

function timeColumn({ column }: TimeStorage): ColumnCheck {
  return ({ type, fullType }) => {
    switch (column) {
      case "datetime6":
        // MySQL rounds 0.5 s up when it stores into fewer digits: events of the future.
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
