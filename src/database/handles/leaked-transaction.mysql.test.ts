import type { RowDataPacket } from "mysql2/promise";
import { describe, expect, test } from "vitest";
import { describeEachEngine, type Engine, type EnginePool } from "../../../test/support/servers/engines.ts";
import { meaningOf } from "../sql-errors.ts";
import { toDatabase } from "./recognise.ts";
import { transaction } from "./transaction.ts";

interface Lent {
  readonly threadId: number | null;
  query(sql: string): Promise<unknown>;
  release(): unknown;
  destroy(): void;
}

describeEachEngine((engine) => {
  describe("a pool whose only connection was given back inside a transaction", () => {
    test("does not draw our transaction into it: ours commits, theirs is rolled back", async () => {
      const { pool, namesInTable } = await prepare(engine);
      const leaked = await leak(pool);
      await transaction(pool, (tx) => toExecute(tx)("insert into leaked values ('ours')"));
      expect(await namesInTable()).toEqual(["ours"]);
      // The mariadb driver rolls back by itself when a connection is given back: it need not be replaced.
      expect((await threadOf(pool)) === leaked).toBe(engine.driver === "mariadb");
    });

    test("does not draw our transaction with an isolation level into it", async () => {
      const { pool, namesInTable } = await prepare(engine);
      await leak(pool);
      await transaction(pool, (tx) => toExecute(tx)("insert into leaked values ('ours')"), {
        isolation: "serializable",
      });
      expect(await namesInTable()).toEqual(["ours"]);
    });

    test("does not draw a single statement of ours into it", async () => {
      const { pool, namesInTable } = await prepare(engine);
      await leak(pool);
      const { affectedRows } = await toDatabase(pool).run("insert into leaked values (?)", ["ours"]);
      expect(affectedRows).toBe(1);
      expect(await namesInTable()).toEqual(["ours"]);
    });

    test("does not let our reads see what it wrote", async () => {
      const { pool } = await prepare(engine);
      await leak(pool);
      expect(await toDatabase(pool).rows("select name from leaked", [])).toEqual([]);
    });

    test("does not let a session see what it wrote", async () => {
      const { pool, namesInTable } = await prepare(engine);
      await leak(pool);
      await toDatabase(pool).session(async (session) => {
        expect(await session.rows("select name from leaked", [])).toEqual([]);
        await session.run("insert into leaked values (?)", ["ours"]);
      });
      expect(await namesInTable()).toEqual(["ours"]);
    });
  });

  test.each(["set transaction read write", "set transaction isolation level read committed"])(
    "the server refuses '%s' inside a transaction, with or without autocommit",
    async (opening) => {
      const raw = await engine.createRawPool();
      await raw.query("create table if not exists leaked (name varchar(20) primary key)");
      for (const begin of [["start transaction"], ["set autocommit = 0", "select * from leaked"]]) {
        const connection = await raw.getConnection();
        for (const sql of [opening, ...begin]) await connection.query(sql);
        const error = await connection.query(opening).then(
          () => undefined,
          (refusal: unknown) => refusal,
        );
        connection.destroy();
        expect(error).toMatchObject({ errno: 1568 });
        expect(meaningOf(error)).toBe("in_transaction");
      }
    },
  );
});

function toExecute(tx: unknown): (sql: string) => Promise<unknown> {
  return (sql) => (tx as Lent).query(sql);
}

async function leak(pool: EnginePool): Promise<number | null> {
  const lent = (await pool.getConnection()) as Lent;
  const { threadId } = lent;
  await lent.query("start transaction");
  await lent.query("insert into leaked values ('theirs')");
  await lent.release();
  return threadId;
}

async function threadOf(pool: EnginePool): Promise<number | null> {
  const lent = (await pool.getConnection()) as Lent;
  const { threadId } = lent;
  await lent.release();
  return threadId;
}

async function prepare(engine: Engine): Promise<{ pool: EnginePool; namesInTable: () => Promise<unknown[]> }> {
  const raw = await engine.createRawPool();
  await raw.query("create table if not exists leaked (name varchar(20) primary key)");
  await raw.query("delete from leaked");
  const pool = await engine.createPool({ connectionLimit: 1 });
  return {
    pool,
    namesInTable: async () => {
      const [rows] = await raw.query<RowDataPacket[]>("select name from leaked order by name");
      return rows.map((row) => row["name"]);
    },
  };
}
