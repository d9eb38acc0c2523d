import type { Dialect } from "../dialect.ts";
import { parseTableName } from "../identifiers.ts";

// SQLite's clock counts milliseconds. Times are stored as text in UTC, such as "2026-11-23 17:05:09.123".
const utcNow = "strftime('%Y-%m-%d %H:%M:%f', 'now')";

/** SQL as SQLite 3.35 and newer take it, for tables that this library has made. */
export const sqliteDialect: Dialect = {
  name: "sqlite",
  gapsCanClose: false,
  quote: (identifier) =>
    parseTableName(identifier)
      .map((part) => `"${part}"`)
      .join("."),
  // Drivers round integers beyond 2^53, unless each has an option set.
  exactInteger: (column) => `cast(${column} as text)`,
  asText: (column) => `cast(${column} as text)`,
  asHex: (column) => `lower(hex(${column}))`,
  integerParam: "cast(? as integer)",
  asBytes: (expression) => `cast(${expression} as blob)`,
  byteLength: (column) => `length(cast(${column} as blob))`,
  leastByteLength: () => undefined,
  asInteger: (column) => `cast(${column} as integer)`,
  nowMicros: microsOf("'now'"),
  nextId: (table) =>
    `(select cast(q.seq + 1 as text) from sqlite_sequence q where q.name = '${parseTableName(table).at(-1) ?? ""}')`,
  utcNow,
  eventTime: () => utcNow,
  eventMicros: (column) => microsOf(column),
};

/**
 * A time as microseconds, exact; julianday() would lose the last digits. `%f` gives seconds and milliseconds, such as
 * "09.123".
 */
function microsOf(time: string): string {
  return `(cast(strftime('%s', ${time}) as integer) * 1000000 + cast(substr(strftime('%f', ${time}), 4) as integer) * 1000)`;
}
