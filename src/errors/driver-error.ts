import { isError, readProperty } from "./thrown.ts";

/** What a driver tells of a failed statement, in whichever of its properties. */
export interface DriverFacts {
  /** The server's or driver's number of the error. Of a failed system call it is below 0. */
  readonly number: number | undefined;
  /** The name of the error, such as ER_DUP_ENTRY or ECONNRESET. */
  readonly code: string | undefined;
  /** The extended result code of SQLite, as node:sqlite gives it. */
  readonly sqliteCode: number | undefined;
  /** The SQLSTATE of the error. */
  readonly state: string | undefined;
  /** The server's message alone, where the driver tells it apart from what it adds. */
  readonly message: string;
}

// Where ORMs keep the driver's error: Drizzle and others in `cause`, Sequelize in `parent` and `original`, TypeORM in
// `driverError`, Prisma in `meta.driverAdapterError.cause`, its engine in `meta` itself.
const WRAPPED_IN = ["cause", "parent", "original", "driverError", "meta", "driverAdapterError"] as const;
const MOST_LOOKED_AT = 20;

/**
 * The error itself and the errors that it wraps, outermost first. What lies under an error of this library is left out:
 * its code has said what that means.
 */
export function errorsUnder(error: unknown): readonly unknown[] {
  const found = new Set<unknown>();
  // A set is gone through in the order in which values were added, those added meanwhile included.
  const add = (value: unknown): void => {
    if (typeof value === "object" && value !== null && found.size < MOST_LOOKED_AT) found.add(value);
  };
  add(error);
  for (const value of found) {
    if (readProperty(value, "name") === "ReflexError" && isError(value)) continue;
    for (const name of WRAPPED_IN) add(readProperty(value, name));
  }
  return [...found];
}

// The codes of connections that can't be made or break. Node.js and mysql2 make their errors, whose messages name
// addresses.
const NETWORK_CODE =
  /^(?:E(?:CONN(?:REFUSED|RESET|ABORTED)|PIPE|TIMEDOUT|NOTFOUND|NOENT|HOSTUNREACH|NETUNREACH|ACCES|MFILE)|EAI_AGAIN|PROTOCOL_\w+)$/;

/** What this one error tells, or undefined if it is no driver's or database's. What it wraps is not looked at. */
export function driverFacts(error: unknown): DriverFacts | undefined {
  const errno = readProperty(error, "errno");
  const errcode = readProperty(error, "errcode");
  const given = textOf(error, "originalCode") ?? textOf(error, "code");
  const isNumber = given !== undefined && /^\d{4,5}$/.test(given) && !isError(error);
  const code = isNumber ? undefined : given;
  const number = typeof errno === "number" ? errno : isNumber ? Number(given) : undefined;
  const sqliteCode = typeof errcode === "number" ? errcode : undefined;
  const isKnown = code !== undefined && (code.startsWith("SQLITE_") || NETWORK_CODE.test(code));
  if (number === undefined && sqliteCode === undefined && !isKnown) return undefined;
  return {
    number,
    code,
    sqliteCode,
    state: textOf(error, "sqlState"),
    message: textOf(error, "sqlMessage") ?? textOf(error, "originalMessage") ?? textOf(error, "message") ?? "",
  };
}

function textOf(error: unknown, name: string): string | undefined {
  const value = readProperty(error, name);
  return typeof value === "string" ? value : undefined;
}
