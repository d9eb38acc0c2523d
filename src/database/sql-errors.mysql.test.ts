import { createPool as createMariadbPool } from "mariadb";
import { createPool, type Pool } from "mysql2/promise";
import { beforeAll, describe, expect, test } from "vitest";
import { failureOf } from "../../test/support/errors/failure-of.ts";
import { describeEachEngine, type EnginePool } from "../../test/support/servers/engines.ts";
import { untilLockWait } from "../../test/support/servers/server-state.ts";
import { startPrivateServer } from "../testing/servers/private-server.ts";
import type { Executor } from "./database.ts";
import { toDatabase, toInsertTarget } from "./handles/recognise.ts";
import { transaction } from "./handles/transaction.ts";
import { duplicateKeyName, meaningOf, type SqlErrorMeaning } from "./sql-errors.ts";

/** Runs `use` with an executor on a connection of the pool, in no transaction, which is closed afterwards. */
async function onConnection<R>(pool: EnginePool, use: (executor: Executor) => Promise<R>): Promise<R> {
  const connection = await pool.getConnection();
  const target = toInsertTarget(connection);
  if (target.kind !== "transaction") throw new Error("a connection is not recognised");
  try {
    return await use(target.executor);
  } finally {
    connection.destroy();
  }
}

describeEachEngine((engine) => {
  /** What the error of a pool that can make no connection means; its code where the driver does not tell. */
  function meaningOrCode(error: unknown): unknown {
    return engine.poolTellsCause ? meaningOf(error) : (error as { code?: unknown }).code;
  }
  const meaningOrTimeLimit = (meaning: SqlErrorMeaning): string => (engine.poolTellsCause ? meaning : "time_limit");

  let pool: EnginePool;
  let raw: Pool;

  beforeAll(async () => {
    pool = await engine.createPool();
    raw = await engine.createRawPool();
    await raw.query(
      "create table faulty (id bigint primary key, name varchar(80) not null, unique key by_name (name))",
    );
    await raw.query("insert into faulty values (1, 'one'), (2, 'no such table: x')");
  });

  const provoked: { what: string; sql: string; meaning: SqlErrorMeaning }[] = [
    { what: "a taken primary key", sql: "insert into faulty values (1, 'two')", meaning: "duplicate_key" },
    { what: "a missing table", sql: "insert into absent values (1)", meaning: "missing_table" },
    { what: "a missing column", sql: "insert into faulty (absent) values (1)", meaning: "missing_column" },
    { what: "a syntax error", sql: "insert onto faulty", meaning: "other" },
    { what: "an own connection killed", sql: "kill connection_id()", meaning: "connection_lost" },
  ];

  describe("the meaning of a real error", () => {
    test.each(provoked)("of $what is $meaning", async ({ sql, meaning }) => {
      const error = await failureOf(onConnection(pool, (executor) => executor.run(sql, [])));
      expect(error).toBeInstanceOf(Error);
      expect(meaningOf(error)).toBe(meaning);
    });

    test("names the key that was taken, even if the value reads like an error itself", async () => {
      const insert = (id: number, name: string): Promise<unknown> =>
        failureOf(toDatabase(pool).run("insert into faulty values (?, ?)", [id, name]));
      const [primary, named] = [await insert(1, "x"), await insert(3, "no such table: x")];
      expect([meaningOf(primary), duplicateKeyName(primary)]).toEqual(["duplicate_key", "PRIMARY"]);
      expect([meaningOf(named), duplicateKeyName(named)]).toEqual(["duplicate_key", "by_name"]);
    });

    test("of a row lock that is not free in time is lock_timeout", async () => {
      const other = await raw.getConnection();
      await other.query("start transaction");
      await other.query("select * from faulty where id = 1 for update");
      const error = await onConnection(pool, async (executor) => {
        await executor.run("set session innodb_lock_wait_timeout = 1", []);
        return failureOf(executor.run("update faulty set name = 'uno' where id = 1", []));
      });
      await other.query("rollback");
      other.release();
      expect(meaningOf(error)).toBe("lock_timeout");
    });

    test("of a deadlock is transaction_lost", async () => {
      const other = await raw.getConnection();
      await other.query("start transaction");
      await other.query("select * from faulty where id = 1 for update");
      // The server rolls the one back that has changed less.
      await other.query("insert into faulty values (11, 'heavy 1'), (12, 'heavy 2'), (13, 'heavy 3')");
      const error = await onConnection(pool, async (executor) => {
        await executor.run("set autocommit = 0", []);
        await executor.rows("select name from faulty where id = 2 for update", []);
        const crossing = failureOf(executor.rows("select name from faulty where id = 1 for update", []));
        const blocked = other.query("select * from faulty where id = 2 for update");
        const found = await crossing;
        await blocked;
        return found;
      });
      await other.query("rollback");
      other.release();
      expect(meaningOf(error)).toBe("transaction_lost");
    });

    test("of a write in a read-only transaction is read_only", async () => {
      const use = (tx: object): Promise<unknown> =>
        (tx as { query(sql: string): Promise<unknown> }).query("delete from faulty");
      expect(meaningOf(await failureOf(transaction(pool, use, { readOnly: true })))).toBe("read_only");
    });

    test("of a statement that an administrator ended is connection_lost: whether it took effect is unknown", async () => {
      const other = await raw.getConnection();
      await other.query("start transaction");
      await other.query("select * from faulty where id = 1 for update");
      const error = await onConnection(pool, async (executor) => {
        const [row] = await executor.rows<{ id: number | bigint }>("select connection_id() as id", []);
        const sleeping = failureOf(executor.run("update faulty set name = 'uno' where id = 1", []));
        await untilLockWait(raw, Number(row?.id));
        await raw.query(`kill query ${row?.id}`);
        return sleeping;
      });
      await other.query("rollback");
      other.release();
      expect(meaningOf(error)).toBe("connection_lost");
    });

    test("of a port on which no one listens is unreachable", async () => {
      const options = { host: "127.0.0.1", port: 1, connectionLimit: 1 };
      const nowhere =
        engine.driver === "mysql2"
          ? createPool(options)
          : createMariadbPool({ ...options, minimumIdle: 1, acquireTimeout: 300 });
      expect(meaningOrCode(await failureOf(toDatabase(nowhere).rows("select 1", [])))).toBe(
        meaningOrTimeLimit("unreachable"),
      );
      await nowhere.end();
    });

    test("of a closed pool is connection_closed", async () => {
      const closed = await engine.createPool();
      await closed.end();
      expect(meaningOf(await failureOf(toDatabase(closed).rows("select 1", [])))).toBe("connection_closed");
    });

    test("of a connection that was killed while it was idle is connection_closed or connection_lost", async () => {
      const connection = await pool.getConnection();
      const target = toInsertTarget(connection);
      if (target.kind !== "transaction") throw new Error("a connection is not recognised");
      await raw.query(`kill ${connection.threadId}`);
      const error = await failureOf(target.executor.run("do 1", []));
      connection.destroy();
      expect(["connection_closed", "connection_lost"]).toContain(meaningOf(error));
    });
  });

  test("a wrong password is no_privilege, also where the driver's pool hides it", async () => {
    await using server = await startPrivateServer({ vendor: engine.vendor, durable: true });
    const options = { socketPath: server.socketPath, user: "nobody", password: "wrong", connectionLimit: 1 };
    const stranger =
      engine.driver === "mysql2"
        ? createPool(options)
        : createMariadbPool({ ...options, minimumIdle: 1, acquireTimeout: 500, allowPublicKeyRetrieval: true });
    expect(meaningOrCode(await failureOf(toDatabase(stranger).rows("select 1", [])))).toBe(
      meaningOrTimeLimit("no_privilege"),
    );
    await stranger.end();
  });
});
