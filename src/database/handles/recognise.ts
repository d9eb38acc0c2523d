import { typeMistake } from "../../errors/reflex-error.ts";
import { show } from "../../errors/show.ts";
import type { Database, Executor } from "../database.ts";
import type { Dialect } from "../dialect.ts";
import { ConnectionExecutor } from "../drivers/connection-executor.ts";
import type { DriverConnection, DriverPool } from "../drivers/driver.ts";
import { type MariadbPool, mariadbConnection, mariadbPool } from "../drivers/mariadb.ts";
import { type Mysql2CallbackPool, type Mysql2Pool, mysql2Connection, mysql2Pool } from "../drivers/mysql2.ts";
import { PoolDatabase } from "../drivers/pool-database.ts";
import { mysqlDialect } from "../mysql-dialect.ts";
import { sqliteDatabase } from "../sqlite/sqlite-database.ts";
import { sqliteDialect } from "../sqlite/sqlite-dialect.ts";
import { isSqliteHandle } from "../sqlite/sqlite-handle.ts";
import { SqliteTransaction } from "../sqlite/sqlite-transaction.ts";
import type { DatabaseHandle, ExecutorHandle, TxOf } from "./handles.ts";

const recognised = new WeakMap<object, Database>();
// The databases of handles that were recognised before, by the handle as it was given, and of pools by themselves: each is
// examined only once.
const known = new WeakMap<object, Database>();

/**
 * The {@link Database} of a pool or SQLite handle. One pool has one database, through whichever of its sides it is
 * given. Tables call this function on whatever they are given, so that programs rarely need it.
 * @throws TypeError `invalid_argument` for anything else, naming what it is and what to pass instead.
 */
export function toDatabase<D extends DatabaseHandle>(handle: D): Database<TxOf<D>>;
export function toDatabase(handle: unknown): Database {
  const seen = knownDatabase(handle);
  if (seen !== undefined) return seen;
  refuseUnusable(handle);
  if (isDatabase(handle)) return handle;
  if (isSqliteHandle(handle)) return sqliteDatabase(handle);
  const pool = toPool(handle);
  if (pool !== undefined) {
    const database = pooled(pool);
    known.set(handle as object, database);
    known.set(database, database);
    return database;
  }
  if (toConnection(handle) !== undefined || isExecutor(handle)) {
    throw typeMistake(
      "invalid_argument",
      "streams, cursors and transaction() need a pool, found a connection: inside its transaction they would read rows that no one has committed; pass the pool that it came from",
    );
  }
  throw unknownHandle(handle);
}

/** A connection or transaction of the caller's, through which statements are part of what the caller commits. */
export interface TransactionTarget {
  readonly kind: "transaction";
  readonly executor: Executor;
  /** The key under which `transaction()` collects what inserts ask for. */
  readonly native: object;
  readonly dialect: Dialect;
}

/** Where an event is to be inserted: given a pool, in a transaction of its own. */
export type InsertTarget = { readonly kind: "database"; readonly database: Database } | TransactionTarget;

/**
 * Where an insert through `handle` goes.
 * @throws TypeError `invalid_argument` for anything that is no handle.
 */
export function toInsertTarget(handle: ExecutorHandle): InsertTarget;
export function toInsertTarget(handle: unknown): InsertTarget {
  // The kind of handle that is given most often, and that can't be taken for another.
  if (isMysql2Connection(handle)) return ofConnection(mysql2Connection(handle));
  const seen = knownDatabase(handle);
  if (seen !== undefined) return { kind: "database", database: seen };
  refuseUnusable(handle);
  if (isDatabase(handle) || isSqliteHandle(handle) || toPool(handle) !== undefined) {
    return { kind: "database", database: toDatabase(handle as DatabaseHandle) };
  }
  return toTransactionTarget(handle);
}

/**
 * As {@link toInsertTarget}, for what a transaction was handed.
 * @throws TypeError `invalid_argument` for anything else.
 */
export function toTransactionTarget(tx: unknown): TransactionTarget {
  if (tx instanceof SqliteTransaction) {
    return { kind: "transaction", executor: tx, native: tx, dialect: sqliteDialect };
  }
  const connection = toConnection(tx);
  if (connection !== undefined) return ofConnection(connection);
  if (isExecutor(tx)) return { kind: "transaction", executor: tx, native: tx, dialect: mysqlDialect };
  throw unknownHandle(tx);
}

function ofConnection(connection: DriverConnection<object>): TransactionTarget {
  const executor = new ConnectionExecutor(connection);
  return { kind: "transaction", executor, native: connection.native, dialect: mysqlDialect };
}

/** The object under which `transaction()` collects what the inserts of `tx` ask for. */
export function nativeOf(tx: unknown): object | undefined {
  if (typeof tx !== "object" || tx === null) return undefined;
  return toConnection(tx)?.native ?? tx;
}

function knownDatabase(handle: unknown): Database | undefined {
  return isObject(handle) ? known.get(handle) : undefined;
}

function pooled(pool: DriverPool<object>): Database {
  const before = recognised.get(pool.native);
  if (before !== undefined) return before;
  const database = new PoolDatabase(pool);
  recognised.set(pool.native, database);
  return database;
}

function isDatabase(value: unknown): value is Database {
  return (
    isExecutor(value) && hasFunctions(value, "session", "transaction") && "identity" in value && "dialect" in value
  );
}

function isExecutor(value: unknown): value is Executor {
  return hasFunctions(value, "run", "rows");
}

function toPool(value: unknown): DriverPool<object> | undefined {
  if (!isObject(value) || !hasFunctions(value, "getConnection")) return undefined;
  if (hasFunctions(value, "promise", "execute")) {
    return mysql2Pool((value as Mysql2CallbackPool).promise());
  }
  if (hasFunctions(value, "execute") && "pool" in value && typeof value.pool === "object") {
    return mysql2Pool(value as Mysql2Pool);
  }
  return hasFunctions(value, "totalConnections", "activeConnections") ? mariadbPool(value as MariadbPool) : undefined;
}

function toConnection(value: unknown): DriverConnection<object> | undefined {
  if (isMysql2Connection(value)) return mysql2Connection(value);
  if (!isObject(value) || !hasFunctions(value, "execute", "query") || "getConnection" in value) return undefined;
  if (hasFunctions(value, "promise") || ("connection" in value && typeof value.connection === "object")) {
    return mysql2Connection(value);
  }
  return hasFunctions(value, "batch", "serverVersion") ? mariadbConnection(value) : undefined;
}

/** Whether it is a connection of mysql2's promise side. */
function isMysql2Connection(value: unknown): value is object {
  if (!isObject(value) || "getConnection" in value) return false;
  const { connection, execute, query, beginTransaction } = value as Record<string, unknown>;
  const callable =
    typeof execute === "function" && typeof query === "function" && typeof beginTransaction === "function";
  return callable && typeof connection === "object" && connection !== null;
}

function refuseUnusable(handle: unknown): void {
  const refusal = refusalOf(handle);
  if (refusal !== undefined) throw typeMistake("invalid_argument", refusal);
}

function refusalOf(handle: unknown): string | undefined {
  // The pool that a cluster's of() gives has no `end`.
  if (hasFunctions(handle, "of", "add") || (hasFunctions(handle, "getConnection") && !hasFunctions(handle, "end"))) {
    return "a PoolCluster is not supported, since reads and writes must reach servers that you choose: pass a pool made with createPool()";
  }
  if (isMariadbCallbackSide(handle)) {
    return 'the callback side of the mariadb driver is not supported: create the pool with import { createPool } from "mariadb"';
  }
  if (hasFunctions(handle, "query", "end") && !hasFunctions(handle, "execute")) {
    return "this looks like the mysql package, which can't sign in to MySQL 9: create the pool with mysql2";
  }
  if (hasFunctions(handle, "then")) return "this is a promise, await it and pass what it resolves with";
  return undefined;
}

// The CommonJS build of the mariadb driver has no class names. Its callback side differs from its promise side by
// taking a callback.
function isMariadbCallbackSide(handle: unknown): boolean {
  if (!hasFunctions(handle, "execute", "batch", "importFile")) return false;
  const { getConnection, commit } = handle as Record<
    "getConnection" | "commit",
    ((...args: never[]) => unknown) | undefined
  >;
  return (getConnection ?? commit)?.length === 1;
}

function unknownHandle(handle: unknown): TypeError {
  return typeMistake(
    "invalid_argument",
    `expected a pool of mysql2 or mariadb, or a SQLite handle of better-sqlite3, libsql or node:sqlite, found ${show(handle)}`,
  );
}

function hasFunctions(value: unknown, ...names: readonly string[]): boolean {
  if (!isObject(value)) return false;
  for (const name of names) {
    if (typeof (value as Record<string, unknown>)[name] !== "function") return false;
  }
  return true;
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" || typeof value === "function") && value !== null;
}
