import { driverFacts, errorsUnder } from "../errors/driver-error.ts";
import { isError, readProperty } from "../errors/thrown.ts";

/** What a failed statement means for the caller, whichever server and driver it came from. */
export type SqlErrorMeaning =
  /** A row with this key exists. The statement is undone; the transaction goes on. */
  | "duplicate_key"
  /** The server has rolled the whole transaction back. */
  | "transaction_lost"
  /**
   * The connection broke while the statement ran, or the server closed it. Whether the statement took effect is
   * unknown.
   */
  | "connection_lost"
  /** The connection was closed before the statement was sent. The statement took no effect. */
  | "connection_closed"
  /** No connection could be made, or the server takes no more. Nothing was sent. */
  | "unreachable"
  /** A lock was not free in time. The statement is undone; the transaction goes on. */
  | "lock_timeout"
  | "missing_database"
  | "missing_table"
  | "missing_column"
  | "no_privilege"
  /** The server takes no writes: it is a replica, or is being replaced. */
  | "read_only"
  /** A statement that opens a transaction found one that its connection's last user had left open. */
  | "in_transaction"
  | "other";

const meaningByNumber: Readonly<Record<number, SqlErrorMeaning>> = {
  1062: "duplicate_key",
  1205: "lock_timeout",
  3572: "lock_timeout",
  1213: "transaction_lost",
  // With this number MariaDB reports a deadlock on the AUTO-INC lock. The transaction is rolled back by then.
  1467: "transaction_lost",
  1180: "transaction_lost",
  1181: "transaction_lost",
  3101: "transaction_lost",
  1049: "missing_database",
  1146: "missing_table",
  1054: "missing_column",
  1044: "no_privilege",
  1045: "no_privilege",
  1142: "no_privilege",
  1143: "no_privilege",
  1227: "no_privilege",
  1370: "no_privilege",
  1015: "read_only",
  1036: "read_only",
  1290: "read_only",
  1792: "read_only",
  1836: "read_only",
  // Of a session in an XA transaction.
  1399: "in_transaction",
  1568: "in_transaction",
  1040: "unreachable",
  1047: "unreachable",
  1053: "connection_lost",
  1317: "connection_lost",
  1927: "connection_lost",
  1969: "connection_lost",
  2006: "connection_lost",
  2013: "connection_lost",
  3024: "connection_lost",
  4031: "connection_closed",
  // The mariadb driver's own numbers.
  45004: "connection_lost",
  45009: "connection_lost",
  45012: "unreachable",
  45013: "connection_closed",
  45026: "connection_lost",
  45027: "connection_closed",
  45028: "unreachable",
};

const meaningByCode: Readonly<Record<string, SqlErrorMeaning>> = {
  PROTOCOL_CONNECTION_LOST: "connection_lost",
  PROTOCOL_SEQUENCE_TIMEOUT: "connection_lost",
  ECONNRESET: "connection_lost",
  EPIPE: "connection_lost",
  ETIMEDOUT: "unreachable",
  ECONNREFUSED: "unreachable",
  ENOTFOUND: "unreachable",
  EAI_AGAIN: "unreachable",
  ENOENT: "unreachable",
  EHOSTUNREACH: "unreachable",
  SQLITE_BUSY: "lock_timeout",
  SQLITE_BUSY_SNAPSHOT: "lock_timeout",
  SQLITE_LOCKED: "lock_timeout",
  SQLITE_CONSTRAINT_PRIMARYKEY: "duplicate_key",
  SQLITE_CONSTRAINT_ROWID: "duplicate_key",
  SQLITE_CONSTRAINT_UNIQUE: "duplicate_key",
  SQLITE_READONLY: "read_only",
  SQLITE_CANTOPEN: "unreachable",
};

// The errcode of node:sqlite: SQLite's extended result codes.
const meaningBySqliteCode: Readonly<Record<number, SqlErrorMeaning>> = {
  5: "lock_timeout",
  6: "lock_timeout",
  8: "read_only",
  14: "unreachable",
  517: "lock_timeout",
  1555: "duplicate_key",
  2067: "duplicate_key",
};

// Some errors of drivers have neither a number nor a code.
const meaningByMessage: readonly (readonly [RegExp, SqlErrorMeaning])[] = [
  [
    /in closed state|connection is closed|Pool is closed|pool is closed|database connection is not open/i,
    "connection_closed",
  ],
  [/ConnectionFailed\("Unable to open/, "unreachable"],
  [/no such table/i, "missing_table"],
  [/no such column|has no column named/i, "missing_column"],
];

// Prisma's own code of a deadlock or write conflict.
const PRISMA_CONFLICT = "P2034";
// The mariadb driver's numbers of a pool that was ended.
const endedByNumber: ReadonlySet<number> = new Set([45_027, 45_035, 45_037]);

/** What an error means that a driver threw, or an ORM that wrapped the driver's error. */
export function meaningOf(error: unknown): SqlErrorMeaning {
  if (!isError(error)) return "other";
  const found = errorsUnder(error);
  const known = found.map(meaningOfFacts).filter((meaning) => meaning !== undefined);
  // The error of a pool's time-out hides why no connection could be made.
  if (known[0] === "unreachable" && known.includes("no_privilege")) return "no_privilege";
  return known[0] ?? meaningByText(found.filter(isError).at(-1));
}

/** What the error's numbers and codes mean; undefined if it has none. */
function meaningOfFacts(error: unknown): SqlErrorMeaning | undefined {
  const facts = driverFacts(error);
  if (facts === undefined) return readProperty(error, "code") === PRISMA_CONFLICT ? "transaction_lost" : undefined;
  const { number, code, sqliteCode } = facts;
  const known =
    (number === undefined ? undefined : meaningByNumber[number]) ??
    (code === undefined ? undefined : meaningByCode[code]) ??
    (sqliteCode === undefined ? undefined : meaningBySqliteCode[sqliteCode]);
  // The message of an error with a number of the server's is not searched: it holds values of the user's, which may read
  // like anything.
  return known ?? (number !== undefined && number > 0 ? "other" : undefined);
}

/** Whether the server sent this error. Others come from drivers, sockets and the operating system. */
export function isServersAnswer(error: unknown): boolean {
  const [number = 0] = errorsUnder(error)
    .map((found) => driverFacts(found)?.number)
    .filter((found) => found !== undefined);
  // 2000 to 2999 are errors of client libraries, 45000 and above those of the mariadb driver.
  return number >= 1000 && number < 45_000 && !(number >= 2000 && number < 3000);
}

/** Whether the program has ended the pool before the statement was sent. */
export function isPoolEnded(error: unknown): boolean {
  return errorsUnder(error).some((found) => {
    const number = driverFacts(found)?.number;
    return number === undefined ? /^pool is closed/i.test(messageOf(found)) : endedByNumber.has(number);
  });
}

function meaningByText(error: unknown): SqlErrorMeaning {
  const message = messageOf(error);
  return meaningByMessage.find(([pattern]) => pattern.test(message))?.[1] ?? "other";
}

function messageOf(error: unknown): string {
  const message = readProperty(error, "message");
  return typeof message === "string" ? message : "";
}

/** Whether the same can succeed later though nobody changes anything. */
export function isPassing(meaning: SqlErrorMeaning): boolean {
  switch (meaning) {
    case "transaction_lost":
    case "connection_lost":
    case "connection_closed":
    case "unreachable":
    case "lock_timeout":
    case "read_only":
    case "in_transaction":
      return true;
    case "duplicate_key":
    case "missing_database":
    case "missing_table":
    case "missing_column":
    case "no_privilege":
    case "other":
      return false;
  }
}

/** The value that a duplicate-key error names, if it is a whole number. Undefined if it names none. */
export function duplicateNumber(error: unknown): string | undefined {
  return foundInMessages(error, /^Duplicate entry '(\d+)' for key/);
}

/**
 * The key that a duplicate-key error names, without its table: `PRIMARY` for the primary key. Undefined if the error
 * names none.
 */
export function duplicateKeyName(error: unknown): string | undefined {
  return foundInMessages(error, /^Duplicate entry .* for key '(?:[^']*\.)?([^'.]+)'$/s);
}

/** What the pattern's group takes from the outermost message that fits. */
function foundInMessages(error: unknown, pattern: RegExp): string | undefined {
  if (!isError(error)) return undefined;
  for (const found of errorsUnder(error)) {
    // The mariadb driver adds the statement and its values to `message`.
    const text = pattern.exec(driverFacts(found)?.message ?? messageOf(found))?.[1];
    if (text !== undefined) return text;
  }
  return undefined;
}
