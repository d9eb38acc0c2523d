import type { DriverFacts } from "./driver-error.ts";

// Errors whose messages hold names of tables, columns, keys, users and servers, and limits, but no value of a statement.
const WITHOUT_VALUES: ReadonlySet<number> = new Set([
  1005, 1015, 1021, 1030, 1036, 1037, 1040, 1044, 1045, 1046, 1047, 1048, 1049, 1050, 1051, 1053, 1054, 1060, 1061,
  1071, 1091, 1103, 1114, 1118, 1129, 1130, 1142, 1143, 1146, 1153, 1180, 1181, 1203, 1205, 1206, 1213, 1226, 1227,
  1264, 1290, 1305, 1317, 1356, 1364, 1370, 1406, 1419, 1451, 1452, 1467, 1568, 1698, 1785, 1792, 1820, 1836, 1862,
  1927, 1969, 2006, 2013, 3024, 3101, 3118, 3572, 3819, 4025, 4031, 4151, 45_001, 45_004, 45_009, 45_012, 45_013,
  45_026, 45_027, 45_028, 45_035, 45_037, 45_042,
]);
const DUPLICATE_KEY = 1062;
const WRONG_VALUE = 1366;
// What SQLite says that names tables and columns only, or is a fixed text.
const SQLITE_WITHOUT_VALUES =
  /^(?:\w[\w ]* constraint failed|no such (?:table|column|function)|table \S+ (?:has no column|already exists)|database |attempt to write|unable to open|disk I\/O|cannot (?:start|commit|rollback)|out of memory|interrupted|datatype mismatch|string or blob too big|file is not)/i;

/**
 * What a database's error says, as text for a message: the server's own words where they hold no value of a statement, else
 * its number and name.
 */
export function driverText(facts: DriverFacts): string {
  const { number, code, sqliteCode } = facts;
  const message = ownWords(facts.message);
  if (message === "") return code ?? numbered(facts);
  if (number === DUPLICATE_KEY)
    return withoutValue(message, /^(Duplicate entry) .* (for key '[^']*')$/s) ?? numbered(facts);
  if (number === WRONG_VALUE) {
    return withoutValue(message, /^(Incorrect \w+ value): .* (for column \S+ at row \d+)$/s) ?? numbered(facts);
  }
  if (number !== undefined && number > 0) return WITHOUT_VALUES.has(number) ? message : numbered(facts);
  if (sqliteCode === undefined && code?.startsWith("SQLITE_") !== true) return message;
  return SQLITE_WITHOUT_VALUES.test(message) ? message : numbered(facts);
}

/** What a database's error names, such as a column or an address: of its text what {@link driverText} shows, without its words. */
export function driverNames(facts: DriverFacts): string {
  const text = driverText(facts);
  const quoted = text.match(/'[^']*'|`[^`]*`/g);
  if (quoted !== null) return quoted.join(", ");
  const { code, number } = facts;
  // "connect ECONNREFUSED 127.0.0.1:3306"
  if (code !== undefined && text.includes(`${code} `)) return text.slice(text.indexOf(code) + code.length).trim();
  // "no such table: orders"
  return number === undefined ? (/: ([\w.]+)$/.exec(text)?.[1] ?? "") : "";
}

/** The message without the value in its middle; undefined if it reads otherwise. */
function withoutValue(message: string, parts: RegExp): string | undefined {
  const [, before, after] = parts.exec(message) ?? [];
  return before === undefined ? undefined : `${before} ${after}`;
}

/** The mariadb driver puts the connection's number before the server's words, and the statement with its values after. */
function ownWords(message: string): string {
  return message.replace(/^\(conn:-?\d+, no: -?\d+, SQLState: \w+\) /, "").replace(/\nsql: .*$/s, "");
}

function numbered({ number, code, sqliteCode, state }: DriverFacts): string {
  const known = [number ?? sqliteCode, code, state === undefined ? undefined : `SQLSTATE ${state}`];
  const shown = known.filter((part) => part !== undefined).join(", ");
  return `an error of the database (${shown}), whose own words may hold values`;
}
