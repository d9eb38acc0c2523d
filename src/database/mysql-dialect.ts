import type { Dialect, TimeStorage } from "./dialect.ts";
import { parseTableName } from "./identifiers.ts";

// A literal of type DATETIME: a text would be parsed for each row, which takes a third of a page's time.
const EPOCH = "timestamp'1970-01-01 00:00:00'";

/** SQL as MySQL 8+ and MariaDB 10.6+ take it alike. */
export const mysqlDialect: Dialect = {
  name: "mysql",
  gapsCanClose: true,
  quote: (identifier) =>
    parseTableName(identifier)
      .map((part) => `\`${part}\``)
      .join("."),
  exactInteger: (column) => column,
  asText: (column) => `cast(${column} as char)`,
  asHex: (column) => `lower(hex(${column}))`,
  integerParam: "cast(? as signed)",
  asBytes: (expression) => `cast(${expression} as binary)`,
  asInteger: (column) => `cast(${column} as signed)`,
  nowMicros: `timestampdiff(microsecond, ${EPOCH}, utc_timestamp(6))`,
  nextId,
  utcNow: "utc_timestamp(6)",
  eventTime,
  eventMicros,
};

function nextId(table: string): string {
  const [name = "", schema] = parseTableName(table).toReversed();
  const inSchema = schema === undefined ? "database()" : `'${schema}'`;
  return `(select cast(s.auto_increment as char) from information_schema.tables s where s.table_name = '${name}' and s.table_schema = ${inSchema})`;
}

function eventTime({ column, zone }: TimeStorage): string {
  switch (column) {
    // The server converts now() to UTC by the session's zone as it stores it; utc_timestamp() would be converted twice.
    case "timestamp":
      return "now(6)";
    case "datetime":
      return inZone("utc_timestamp()", zone);
    case "datetime6":
      return inZone("utc_timestamp(6)", zone);
  }
}

// A session's zone moves what a DATETIME's text or unix_timestamp() says, but not a difference between two DATETIMEs.
function eventMicros(column: string, storage: TimeStorage): string {
  if (storage.column === "timestamp") return `cast(round(unix_timestamp(${column}) * 1000000) as signed)`;
  const utc = storage.zone === undefined ? column : `convert_tz(${column}, '${storage.zone}', '+00:00')`;
  return `timestampdiff(microsecond, ${EPOCH}, ${utc})`;
}

function inZone(utc: string, zone: string | undefined): string {
  return zone === undefined ? utc : `convert_tz(${utc}, '+00:00', '${zone}')`;
}
