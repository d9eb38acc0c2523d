import type { Database, Executor } from "../database.ts";
import type { MariadbPool } from "../drivers/mariadb.ts";
import type { Mysql2CallbackPool, Mysql2Pool } from "../drivers/mysql2.ts";
import type { SqliteHandle } from "../sqlite/sqlite-handle.ts";
import type { SqliteTransaction } from "../sqlite/sqlite-transaction.ts";

/**
 * A pool of mysql2, of its promise or callback side, a pool of mariadb, a SQLite handle, or a {@link Database} of your
 * own.
 */
export type DatabaseHandle = Database | Mysql2Pool | Mysql2CallbackPool | MariadbPool | SqliteHandle;

/** What an event can be inserted through: a connection inside the caller's transaction, or anything in {@link DatabaseHandle}. */
export type ExecutorHandle = Executor | ConnectionHandle | DatabaseHandle;

/** A connection of mysql2 or mariadb, as far as types can tell it. */
export interface ConnectionHandle {
  /** Runs a statement that the server has prepared. */
  execute(...args: never[]): unknown;
  /** Runs a statement as text. */
  query(...args: never[]): unknown;
  /** Tells a connection from a pool. */
  beginTransaction(...args: never[]): unknown;
}

/** What `transaction(db, fn)` hands to `fn`: the driver's own connection, or a transaction of a SQLite handle. */
export type TxOf<D> =
  D extends Database<infer Tx>
    ? Tx
    : D extends Mysql2CallbackPool<infer C>
      ? C
      : D extends {
            /** Of mysql2's promise pool and of mariadb's pool. */
            getConnection(): Promise<infer C>;
          }
        ? C
        : D extends SqliteHandle
          ? SqliteTransaction<D>
          : never;
