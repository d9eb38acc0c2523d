import type {
  Connection as MariadbConnection,
  Pool as MariadbPool,
  PoolConnection as MariadbPoolConnection,
} from "mariadb";
import type { Pool as CallbackPool, PoolConnection as CallbackPoolConnection } from "mysql2";
import type { Connection, Pool, PoolConnection } from "mysql2/promise";
import { describe, expectTypeOf, test } from "vitest";
import type { Database, Executor } from "../database.ts";
import type { SqliteHandle } from "../sqlite/sqlite-handle.ts";
import type { SqliteTransaction } from "../sqlite/sqlite-transaction.ts";
import type { DatabaseHandle, ExecutorHandle, TxOf } from "./handles.ts";

// Checked by `npm run types`; there is nothing to run.
describe("the types of handles", () => {
  test("transaction() hands out the connection of the driver that the pool is of", () => {
    expectTypeOf<TxOf<Pool>>().toEqualTypeOf<PoolConnection>();
    expectTypeOf<TxOf<CallbackPool>>().toEqualTypeOf<PoolConnection>();
    expectTypeOf<TxOf<MariadbPool>>().toEqualTypeOf<MariadbPoolConnection>();
    expectTypeOf<TxOf<SqliteHandle>>().toEqualTypeOf<SqliteTransaction<SqliteHandle>>();
    expectTypeOf<TxOf<Database<{ mine: true }>>>().toEqualTypeOf<{ mine: true }>();
  });

  test("a pool is a database handle, a connection is not", () => {
    expectTypeOf<Pool>().toExtend<DatabaseHandle>();
    expectTypeOf<CallbackPool>().toExtend<DatabaseHandle>();
    expectTypeOf<MariadbPool>().toExtend<DatabaseHandle>();
    expectTypeOf<Database>().toExtend<DatabaseHandle>();
    expectTypeOf<Connection>().not.toExtend<DatabaseHandle>();
    expectTypeOf<PoolConnection>().not.toExtend<DatabaseHandle>();
    expectTypeOf<CallbackPoolConnection>().not.toExtend<DatabaseHandle>();
    expectTypeOf<MariadbConnection>().not.toExtend<DatabaseHandle>();
    expectTypeOf<MariadbPoolConnection>().not.toExtend<DatabaseHandle>();
    expectTypeOf<Executor>().not.toExtend<DatabaseHandle>();
    expectTypeOf<string>().not.toExtend<DatabaseHandle>();
  });

  test("an insert goes through pools, connections and executors, and through nothing else", () => {
    expectTypeOf<Pool>().toExtend<ExecutorHandle>();
    expectTypeOf<MariadbPool>().toExtend<ExecutorHandle>();
    expectTypeOf<Connection>().toExtend<ExecutorHandle>();
    expectTypeOf<PoolConnection>().toExtend<ExecutorHandle>();
    expectTypeOf<CallbackPoolConnection>().toExtend<ExecutorHandle>();
    expectTypeOf<MariadbConnection>().toExtend<ExecutorHandle>();
    expectTypeOf<MariadbPoolConnection>().toExtend<ExecutorHandle>();
    expectTypeOf<SqliteTransaction>().toExtend<ExecutorHandle>();
    expectTypeOf<Executor>().toExtend<ExecutorHandle>();
    expectTypeOf<string>().not.toExtend<ExecutorHandle>();
    expectTypeOf<{ query(): void }>().not.toExtend<ExecutorHandle>();
  });
});
