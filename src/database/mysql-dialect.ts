import type { Dialect, TimeStorage } from "./dialect.ts";
import { parseTableName } from "./identifiers.ts";

// A literal of type DATETIME. A text would be parsed for each row, which would take a third of a page's time.
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
  byteLength: (column) => `length(${column})`,
  // MariaDB casts a text longer than max_allowed_packet to null. MySQL makes an empty text of such a JSON, for length() too.
  leastByteLength: (column) =>
    `case ${column} <> '' when 1 then greatest(length(${column}), 1) else length(${column}) end`,
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
    // A TIMESTAMP column converts what is stored from the session's zone to UTC. now() is in that zone; utc_timestamp()
    // would be converted a second time.
    case "timestamp":
      return "now(6)";
    case "datetime":
      return inZone("utc_timestamp()", zone);
    case "datetime6":
      return inZone("utc_timestamp(6)", zone);
  }
}

// The difference between two DATETIMEs does not depend on the session's time zone, as a DATETIME's text and
// unix_timestamp() do.
function eventMicros(column: string, storage: TimeStorage): string {
  if (storage.column === "timestamp") return `cast(round(unix_timestamp(${column}) * 1000000) as signed)`;
  const utc = storage.zone === undefined ? column : `convert_tz(${column}, '${storage.zone}', '+00:00')`;
  return `timestampdiff(microsecond, ${EPOCH}, ${utc})`;
}

function inZone(utc: string, zone: string | undefined): string {
  return zone === undefined ? utc : `convert_tz(${utc}, '+00:00', '${zone}')`;
}
