import type { RowDataPacket } from "mysql2/promise";
import { describe, expect, test } from "vitest";
import { describeEachEngine, type EnginePool } from "../../../test/support/servers/engines.ts";
import { nativeOf, toDatabase, toInsertTarget } from "./recognise.ts";
import { transaction } from "./transaction.ts";

interface Lent {
  readonly threadId: number | null;
  query(sql: string): Promise<unknown>;
  release(): unknown;
  destroy(): void;
}

function query(tx: unknown, sql: string): Promise<unknown> {
  return (tx as Lent).query(sql);
}

describeEachEngine((engine) => {
  async function prepare(): Promise<{ pool: EnginePool; names: () => Promise<unknown[]> }> {
    const raw = await engine.createRawPool();
    await raw.query("create table if not exists named (name varchar(20) primary key)");
    await raw.query("delete from named");
    const names = async (): Promise<unknown[]> => {
      const [rows] = await raw.query<RowDataPacket[]>("select name from named order by name");
      return rows.map((row) => row["name"]);
    };
    return { pool: await engine.createPool({ connectionLimit: 1 }), names };
  }

  describe("a pool of one connection", () => {
    test("serves transactions, statements and reads one after the other", async () => {
      const { pool, names } = await prepare();
      const database = toDatabase(pool);
      for (const round of ["a", "b", "c"]) {
        await transaction(pool, (tx) => query(tx, `insert into named values ('${round}1')`));
        await database.run("insert into named values (?)", [`${round}2`]);
        expect(await database.rows("select name from named where name = ?", [`${round}2`])).toHaveLength(1);
        expect(await database.session((session) => session.rows("select name from named", []))).not.toEqual([]);
      }
      expect(await names()).toEqual(["a1", "a2", "b1", "b2", "c1", "c2"]);
    });

    test("serves many at once, each in its turn", async () => {
      const { pool, names } = await prepare();
      const database = toDatabase(pool);
      const work = Array.from("abcdefgh", async (name) => {
        await transaction(pool, (tx) => query(tx, `insert into named values ('${name}')`));
        return database.rows("select name from named where name = ?", [name]);
      });
      expect(await Promise.all(work)).toEqual(Array.from("abcdefgh", (name) => [{ name }]));
      expect(await names()).toEqual(Array.from("abcdefgh"));
    });

    test("is usable after a transaction that threw, and keeps nothing of it", async () => {
      const { pool, names } = await prepare();
      const mine = new Error("mine");
      const failing = transaction(pool, async (tx) => {
        await query(tx, "insert into named values ('lost')");
        throw mine;
      });
      await expect(failing).rejects.toBe(mine);
      await transaction(pool, (tx) => query(tx, "insert into named values ('kept')"));
      expect(await names()).toEqual(["kept"]);
    });

    test("does not hold up for ever a transaction that uses the pool inside itself", async () => {
      const { pool, names } = await prepare();
      const inner = { acquireTimeoutMs: 100 };
      const failing = transaction(pool, async (tx) => {
        await query(tx, "insert into named values ('outer')");
        await transaction(pool, (other) => query(other, "insert into named values ('inner')"), inner);
      });
      await expect(failing).rejects.toThrow(
        expect.objectContaining({
          name: "ReflexError",
          code: "time_limit",
          message: expect.stringMatching(
            engine.driver === "mysql2" ? /a connection of the pool \(of 1\)/ : /a connection of the pool/,
          ),
        }),
      );
      await transaction(pool, (tx) => query(tx, "insert into named values ('next')"), { acquireTimeoutMs: 5000 });
      expect(await names()).toEqual(["next"]);
    });

    test("gets the place back of a connection that was destroyed", async () => {
      const { pool } = await prepare();
      const lent = (await pool.getConnection()) as Lent;
      lent.destroy();
      expect(await toDatabase(pool).rows("select name from named", [])).toEqual([]);
    });
  });

  test("a driver's own limit on waiting for a connection is a time_limit too", async () => {
    if (engine.driver === "mysql2") return;
    const pool = await engine.createPool({ connectionLimit: 1, acquireTimeout: 100 });
    const failing = transaction(pool, () => toDatabase(pool).rows("select 1", []));
    await expect(failing).rejects.toThrow(
      expect.objectContaining({ code: "time_limit", cause: expect.objectContaining({ errno: 45028 }) }),
    );
  });

  test("what transaction() hands out and what an insert gets have one native connection", async () => {
    const { pool } = await prepare();
    await transaction(pool, async (tx) => {
      const target = toInsertTarget(tx);
      expect(target.kind).toBe("transaction");
      expect(target).toHaveProperty("native", nativeOf(tx));
      expect(nativeOf(tx)).toBeTypeOf("object");
      // mysql2 has two sides of one connection, mariadb has one.
      const otherSide: unknown = "connection" in tx ? tx.connection : tx;
      expect(nativeOf(otherSide)).toBe(nativeOf(tx));
    });
  });
});
