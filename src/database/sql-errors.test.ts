import { describe, expect, test } from "vitest";
import { duplicateKeyName, isPassing, meaningOf, type SqlErrorMeaning } from "./sql-errors.ts";

/** As mysql2 and mariadb make them; `facts` are the error's own properties. */
function sqlError(message: string, facts: object = {}): Error {
  return Object.assign(new Error(message), facts);
}

const meanings: { what: string; error: unknown; meaning: SqlErrorMeaning }[] = [
  { what: "a lock that NOWAIT found taken", error: sqlError("", { errno: 3572 }), meaning: "lock_timeout" },
  { what: "a deadlock on the AUTO-INC lock", error: sqlError("", { errno: 1467 }), meaning: "transaction_lost" },
  { what: "a COMMIT that failed", error: sqlError("", { errno: 1180 }), meaning: "transaction_lost" },
  { what: "a refused group commit", error: sqlError("", { errno: 3101 }), meaning: "transaction_lost" },
  { what: "a denied statement", error: sqlError("", { errno: 1142 }), meaning: "no_privilege" },
  { what: "a denied database", error: sqlError("", { errno: 1044 }), meaning: "no_privilege" },
  { what: "a replica", error: sqlError("", { errno: 1290 }), meaning: "read_only" },
  { what: "a read-only transaction", error: sqlError("", { errno: 1792 }), meaning: "read_only" },
  { what: "too many connections", error: sqlError("", { errno: 1040 }), meaning: "unreachable" },
  { what: "a node outside its cluster", error: sqlError("", { errno: 1047 }), meaning: "unreachable" },
  { what: "a server that shuts down", error: sqlError("", { errno: 1053 }), meaning: "connection_lost" },
  { what: "an idle connection that was ended", error: sqlError("", { errno: 4031 }), meaning: "connection_closed" },
  {
    what: "a lost connection of mysql2",
    error: sqlError("Connection lost: The server closed the connection.", { code: "PROTOCOL_CONNECTION_LOST" }),
    meaning: "connection_lost",
  },
  {
    what: "a socket that broke",
    error: sqlError("read ECONNRESET", { errno: -104, code: "ECONNRESET" }),
    meaning: "connection_lost",
  },
  {
    what: "a closed connection of mysql2",
    error: sqlError("Can't add new command when connection is in closed state"),
    meaning: "connection_closed",
  },
  { what: "a closed pool of mysql2", error: sqlError("Pool is closed."), meaning: "connection_closed" },
  {
    what: "a closed pool of mariadb",
    error: sqlError("(conn:-1, no: 45027, SQLState: HY000) pool is closed", {
      errno: 45027,
      code: "ER_POOL_ALREADY_CLOSED",
    }),
    meaning: "connection_closed",
  },
  {
    what: "a statement of mariadb on a connection that was destroyed meanwhile",
    error: sqlError("Connection destroyed, command was killed", {
      errno: 45004,
      code: "ER_CMD_NOT_EXECUTED_DESTROYED",
    }),
    meaning: "connection_lost",
  },
  {
    what: "a time-out of mariadb's pool that hides a refused port",
    error: sqlError("", { errno: 45028, cause: sqlError("", { errno: -111, code: "ECONNREFUSED" }) }),
    meaning: "unreachable",
  },
  {
    what: "a time-out of mariadb's pool that hides a wrong password",
    error: sqlError("", { errno: 45028, cause: sqlError("", { errno: 1045 }) }),
    meaning: "no_privilege",
  },
  { what: "an unknown host", error: sqlError("", { errno: -3008, code: "ENOTFOUND" }), meaning: "unreachable" },
  {
    what: "a busy SQLite file",
    error: sqlError("database is locked", { code: "SQLITE_BUSY" }),
    meaning: "lock_timeout",
  },
  {
    what: "a missing table of libsql",
    error: sqlError("no such table: orders", { code: "SQLITE_ERROR" }),
    meaning: "missing_table",
  },
  {
    what: "a missing column of SQLite",
    error: sqlError("table orders has no column named total", { code: "SQLITE_ERROR" }),
    meaning: "missing_column",
  },
  {
    what: "a duplicate key of node:sqlite",
    error: sqlError("", { code: "ERR_SQLITE_ERROR", errcode: 1555 }),
    meaning: "duplicate_key",
  },
  { what: "an unknown number", error: sqlError("", { errno: 1366 }), meaning: "other" },
  { what: "an error of no database", error: new Error("boom"), meaning: "other" },
  { what: "no error at all", error: "Pool is closed.", meaning: "other" },
  { what: "undefined", error: undefined, meaning: "other" },
];

describe("meaningOf", () => {
  test.each(meanings)("takes $what for $meaning", ({ error, meaning }) => {
    expect(meaningOf(error)).toBe(meaning);
  });

  test.each(["Pool is closed", "the connection is closed", "no such table: x", "no such column: y"])(
    "goes by the server's number, not by words in a user's value such as '%s'",
    (value) => {
      const message = `Duplicate entry '${value}' for key 'orders.PRIMARY'`;
      expect(meaningOf(sqlError(message, { errno: 1062, code: "ER_DUP_ENTRY" }))).toBe("duplicate_key");
      expect(meaningOf(sqlError(`Data too long: ${value}`, { errno: 1406, code: "ER_DATA_TOO_LONG" }))).toBe("other");
    },
  );

  test("takes what passes by itself for passing, and nothing else", () => {
    const passing = meanings.filter(({ meaning }) => isPassing(meaning)).map(({ meaning }) => meaning);
    expect([...new Set(passing)].toSorted()).toEqual([
      "connection_closed",
      "connection_lost",
      "lock_timeout",
      "read_only",
      "transaction_lost",
      "unreachable",
    ]);
  });
});

describe("duplicateKeyName", () => {
  test.each([
    { message: "Duplicate entry '7' for key 'PRIMARY'", key: "PRIMARY" },
    { message: "Duplicate entry '7' for key 'orders.PRIMARY'", key: "PRIMARY" },
    { message: "Duplicate entry 'a' for key 'shop.orders.by_name'", key: "by_name" },
    { message: "Duplicate entry 'x' for key 'PRIMARY'' for key 'by_name'", key: "by_name" },
    { message: "Duplicate entry 'x' for key 'by_name'' for key 'orders.PRIMARY'", key: "PRIMARY" },
    { message: "Deadlock found when trying to get lock", key: undefined },
  ])("finds $key in: $message", ({ message, key }) => {
    expect(duplicateKeyName(sqlError(message, { errno: 1062 }))).toBe(key);
    const ofMariadb = `(conn:7, no: 1062, SQLState: 23000) ${message}\nsql: insert into t values (?) - parameters:['for key 'mine'']`;
    expect(duplicateKeyName(sqlError(ofMariadb, { errno: 1062, sqlMessage: message }))).toBe(key);
  });

  test("finds none in what is no error", () => {
    expect(duplicateKeyName("for key 'PRIMARY'")).toBeUndefined();
  });
});
