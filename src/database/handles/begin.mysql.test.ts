import type { PoolConnection, RowDataPacket } from "mysql2/promise";
import { createPool } from "mysql2/promise";
import { describe, expect, test } from "vitest";
import { describeEachEngine, type Engine, type EnginePool } from "../../../test/support/servers/engines.ts";
import { isQuery } from "../../../test/support/servers/packet-tests.ts";
import { startTcpProxy } from "../../../test/support/servers/tcp-proxy.ts";
import { toDatabase } from "./recognise.ts";
import { transaction } from "./transaction.ts";

interface Lent {
  query(sql: string): Promise<unknown>;
  release(): unknown;
}

interface Scene {
  /** Of one connection, which `transaction()` has used and given back. */
  readonly pool: EnginePool;
  readonly names: () => Promise<unknown[]>;
}

describeEachEngine((engine) => {
  describe("on a connection that transaction() was the last to use, a transaction", () => {
    test("commits", async () => {
      const { pool, names } = await prepare(engine);
      await transaction(pool, (tx) => insert(tx, "ours"));
      expect(await names()).toEqual(["ours", "warm"]);
    });

    test("that throws is rolled back, as is none but it", async () => {
      const { pool, names } = await prepare(engine);
      const mine = new Error("mine");
      const failing = async (tx: unknown): Promise<never> => {
        await insert(tx, "lost");
        throw mine;
      };
      for (let round = 0; round < 2; round++) {
        await expect(transaction(pool, failing)).rejects.toBe(mine);
        await transaction(pool, (tx) => insert(tx, `kept ${round}`));
      }
      expect(await names()).toEqual(["kept 0", "kept 1", "warm"]);
    });

    test("costs no more round trips than one by hand", async () => {
      const { pool } = await prepare(engine);
      await transaction(pool, () => Promise.resolve());
      const first = await transaction(pool, counters);
      const second = await transaction(pool, counters);
      // COMMIT, START TRANSACTION, and the question itself.
      expect(second.questions - first.questions).toBe(3);
      expect(second.begins - first.begins).toBe(1);
    });
  });

  // Catches a START TRANSACTION on a connection that is taken for clean, which would commit what is not ours.
  describe("what someone has left in a transaction on a connection that transaction() used before is not committed", () => {
    test.each([
      ["start transaction", "insert into begun values ('theirs')"],
      ["set autocommit = 0", "insert into begun values ('theirs')"],
      ["insert into begun values ('autocommitted')", "start transaction", "insert into begun values ('theirs')"],
    ])("%s", async (...statements) => {
      const { pool, names } = await prepare(engine);
      const lent = (await pool.getConnection()) as Lent;
      for (const sql of statements) await lent.query(sql);
      await lent.release();
      await transaction(pool, (tx) => insert(tx, "ours"));
      expect(await names()).not.toContain("theirs");
      expect(await names()).toContain("ours");
    });

    test("through a handle that was kept", async () => {
      const { pool, names } = await prepare(engine);
      let kept: unknown;
      await transaction(pool, async (tx) => {
        kept = tx;
      });
      await (kept as Lent).query("start transaction");
      await insert(kept, "theirs");
      await transaction(pool, (tx) => insert(tx, "ours"));
      expect(await names()).toEqual(["ours", "warm"]);
    });

    test("through a handle whose statements are still under way", async () => {
      const { pool, names } = await prepare(engine);
      let kept: unknown;
      await transaction(pool, async (tx) => {
        kept = tx;
      });
      const theirs = [(kept as Lent).query("start transaction"), insert(kept, "theirs")];
      await transaction(pool, (tx) => insert(tx, "ours"));
      await Promise.allSettled(theirs);
      expect(await names()).toEqual(["ours", "warm"]);
    });
  });

  describe("a session's own settings", () => {
    test.each(["set session transaction read only", "set transaction read only"])(
      "'%s' of an earlier user do not make a transaction read-only",
      async (setting) => {
        const { pool, names } = await prepare(engine);
        const lent = (await pool.getConnection()) as Lent;
        await lent.query(setting);
        await lent.release();
        for (const name of ["a", "b", "c"]) await transaction(pool, (tx) => insert(tx, name));
        expect(await names()).toEqual(["a", "b", "c", "warm"]);
      },
    );

    test("'completion_type = 1' leaves each transaction its own", async () => {
      const { pool, names } = await prepare(engine);
      const lent = (await pool.getConnection()) as Lent;
      await lent.query("set session completion_type = 1");
      await lent.release();
      const mine = new Error("mine");
      for (const name of ["a", "b"]) {
        await transaction(pool, (tx) => insert(tx, name));
        const failing = transaction(pool, async (tx) => {
          await insert(tx, `lost ${name}`);
          throw mine;
        });
        await expect(failing).rejects.toBe(mine);
      }
      expect(await names()).toEqual(["a", "b", "warm"]);
    });

    test("'autocommit = 0' stays as it was for the next user", async () => {
      const { pool, names } = await prepare(engine);
      const lent = (await pool.getConnection()) as Lent;
      await lent.query("set autocommit = 0");
      await lent.release();
      for (const name of ["a", "b"]) await transaction(pool, (tx) => insert(tx, name));
      const [row] = await transaction(pool, (tx) => rowsOf(tx, "select @@autocommit as autocommit"));
      expect(Number(row?.["autocommit"])).toBe(0);
      expect(await names()).toEqual(["a", "b", "warm"]);
    });
  });

  test("a transaction that a user's XA START left open is rolled back", async () => {
    const { pool, names } = await prepare(engine);
    const lent = (await pool.getConnection()) as Lent;
    await lent.query("xa start 'left'");
    await insert(lent, "theirs");
    await lent.release();
    await transaction(pool, (tx) => insert(tx, "ours"));
    expect(await names()).toEqual(["ours", "warm"]);
  });
});

describeEachEngine((engine) => {
  // Catches a count of what was sent that is taken after the next statement in the queue has been sent.
  test("a transaction that someone began while our COMMIT was under way is not committed", async () => {
    if (engine.driver !== "mysql2") return;
    const { names } = await prepare(engine);
    const proxy = await startTcpProxy(engine.socketPath);
    const { database } = engine;
    const pool = createPool({ host: "127.0.0.1", port: proxy.port, user: "root", database, connectionLimit: 1 });
    let kept: PoolConnection | undefined;
    let theirs: Promise<unknown>[] = [];
    const stop = proxy.onCommand((packet) => {
      if (!isQuery("commit")(packet) || kept === undefined) return;
      stop();
      theirs = [kept.query("start transaction"), kept.query("insert into begun values ('theirs')")];
    });
    await transaction(pool, async (tx) => {
      kept = tx;
    });
    await Promise.all(theirs);
    expect(theirs).toHaveLength(2);
    await transaction(pool, (tx) => insert(tx, "ours"));
    expect(await names()).toEqual(["ours", "warm"]);
    await pool.end();
    await proxy.close();
  });
});

function insert(tx: unknown, name: string): Promise<unknown> {
  return (tx as Lent).query(`insert into begun values ('${name}')`);
}

async function rowsOf(tx: unknown, sql: string): Promise<RowDataPacket[]> {
  const result = (await (tx as Lent).query(sql)) as [RowDataPacket[]] | RowDataPacket[];
  return (Array.isArray(result[0]) ? result[0] : result) as RowDataPacket[];
}

async function counters(tx: unknown): Promise<{ questions: number; begins: number }> {
  const rows = await rowsOf(tx, "show session status where variable_name in ('Questions', 'Com_begin')");
  const count = (name: string): number => Number(rows.find((row) => row["Variable_name"] === name)?.["Value"]);
  return { questions: count("Questions"), begins: count("Com_begin") };
}

async function prepare(engine: Engine): Promise<Scene> {
  const raw = await engine.createRawPool();
  await raw.query("create table if not exists begun (name varchar(20) primary key)");
  await raw.query("delete from begun");
  const pool = await engine.createPool({ connectionLimit: 1 });
  await transaction(pool, (tx) => insert(tx, "warm"));
  await toDatabase(pool).run("update begun set name = 'warm'", []);
  return {
    pool,
    names: async () => {
      const [rows] = await raw.query<RowDataPacket[]>("select name from begun order by name");
      return rows.map((row) => row["name"]);
    },
  };
}
