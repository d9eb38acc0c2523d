import { createPool as createMariadbPool } from "mariadb";
import { createPool, type Pool, type RowDataPacket } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { describeEachEngine, type EnginePool } from "../../../test/support/servers/engines.ts";
import { isQuery } from "../../../test/support/servers/packet-tests.ts";
import { startTcpProxy, type TcpProxy } from "../../../test/support/servers/tcp-proxy.ts";
import { EventsTable } from "../../tables/events-table.ts";
import { createTables } from "../../tables/schema/table-schema.ts";
import { openTransaction } from "./collected-notifies.ts";
import { nativeOf, toDatabase } from "./recognise.ts";
import { transaction } from "./transaction.ts";

interface Lent {
  readonly threadId: number | null;
  query(sql: string): Promise<unknown>;
}

function failsWith(code: string, more: object = {}): Error {
  return expect.objectContaining({ name: "ReflexError", code, ...more }) as Error;
}

describeEachEngine((engine) => {
  let proxy: TcpProxy;
  let pool: EnginePool;
  let raw: Pool;

  beforeAll(async () => {
    proxy = await startTcpProxy(engine.socketPath);
    raw = await engine.createRawPool();
    await raw.query("create table rows_of_ours (name varchar(40) primary key)");
    await raw.query("insert into rows_of_ours values ('first'), ('second')");
    const options = { host: "127.0.0.1", port: proxy.port, user: "root", database: engine.database };
    // One spare connection at most: one that takes a lost one's place would be counted for it. With none, a pool of a mariadb
    // driver older than 3.5 makes no connection at all.
    const limits = { connectionLimit: 2, minimumIdle: 1, allowPublicKeyRetrieval: true };
    pool =
      engine.driver === "mysql2"
        ? createPool({ ...options, connectionLimit: 2 })
        : createMariadbPool({ ...options, ...limits });
  });

  afterAll(async () => {
    await pool.end();
    await proxy.close();
  });

  async function isThere(name: string): Promise<boolean> {
    const [rows] = await raw.query<RowDataPacket[]>("select name from rows_of_ours where name = ?", [name]);
    return rows.length === 1;
  }

  describe("a connection lost during COMMIT", () => {
    test("is commit_outcome_unknown with the driver's error as cause; streams are woken, as it may have committed", async () => {
      let wakeUps: (() => number) | undefined;
      const dropped = proxy.dropAfterForwarding(isQuery("commit"));
      const failing = transaction(pool, async (tx) => {
        await insert(tx, "committed unknown");
        wakeUps = collectWakeUp(tx);
      });
      await expect(failing).rejects.toThrow(failsWith("commit_outcome_unknown", { cause: expect.any(Error) }));
      await dropped;
      expect(await isThere("committed unknown")).toBe(true);
      expect(wakeUps?.()).toBe(1);
    });

    test("of a single statement of ours is commit_outcome_unknown too", async () => {
      const dropped = proxy.dropAfterForwarding(isQuery("commit"));
      const failing = toDatabase(pool).run("insert into rows_of_ours values (?)", ["single unknown"]);
      await expect(failing).rejects.toThrow(failsWith("commit_outcome_unknown"));
      await dropped;
      expect(await isThere("single unknown")).toBe(true);
    });

    test("wakes the streams of the events that the transaction may have written", async () => {
      const table = new EventsTable("events_unknown");
      await createTables(raw, [table]);
      const stream = table.stream(raw, "");
      const next = stream.next();
      const dropped = proxy.dropAfterForwarding(isQuery("commit"));
      const failing = transaction(pool, async (tx) => {
        await table.insert(tx, "a", 1);
      });
      await expect(failing).rejects.toThrow(failsWith("commit_outcome_unknown"));
      await dropped;
      expect(await next).toMatchObject({ value: { id: "1", foreignId: "a" } });
      await stream.close();
    });

    test("by a COMMIT that is not answered in time is commit_outcome_unknown", async () => {
      const held = new Promise<void>((resolve) => {
        const stop = proxy.onCommand((packet) => {
          if (!isQuery("commit")(packet)) return;
          stop();
          proxy.pause();
          resolve();
        });
      });
      let wakeUps: (() => number) | undefined;
      const failing = transaction(
        pool,
        async (tx) => {
          await insert(tx, "commit held");
          wakeUps = collectWakeUp(tx);
        },
        { timeoutMs: 300 },
      );
      const cause = failsWith("time_limit");
      await expect(failing).rejects.toThrow(failsWith("commit_outcome_unknown", { cause }));
      await held;
      proxy.resume();
      expect(wakeUps?.()).toBe(1);
    });
  });

  describe("a connection lost before COMMIT", () => {
    test("is transaction_lost when no statement noticed it; nothing commits and no stream is woken", async () => {
      let wakeUps: (() => number) | undefined;
      const failing = transaction(pool, async (tx) => {
        await insert(tx, "never there");
        wakeUps = collectWakeUp(tx);
        await loseConnection((tx as Lent).threadId);
      });
      await expect(failing).rejects.toThrow(failsWith("transaction_lost"));
      expect(await isThere("never there")).toBe(false);
      expect(wakeUps?.()).toBe(0);
    });

    test("is what the statement that noticed it threw, when the user's work threw it on", async () => {
      const failing = transaction(pool, async (tx) => {
        await insert(tx, "never there");
        proxy.cut();
        await insert(tx, "nor this");
      });
      await expect(failing).rejects.toThrow(
        expect.objectContaining({ code: expect.stringMatching(/LOST|CLOSE|ECONN|EPIPE/) }),
      );
      expect(await isThere("never there")).toBe(false);
    });

    test("leaves the pool usable", async () => {
      expect(await toDatabase(pool).rows("select name from rows_of_ours where name = 'first'", [])).toHaveLength(1);
    });
  });

  // Waits until the driver has seen the end of its connection: what is sent from then on is refused by the driver.
  async function loseConnection(thread: number | null): Promise<void> {
    await raw.query(`kill ${thread}`);
    const gone = async (): Promise<number> => {
      const [rows] = await raw.query<RowDataPacket[]>("select id from information_schema.processlist where id = ?", [
        thread,
      ]);
      return rows.length;
    };
    await expect.poll(gone).toBe(0);
    await expect.poll(() => proxy.connections).toBeLessThan(2);
    // The proxy has passed the end on; the driver's socket hears of it in this process's next turns.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Two transactions lock two rows in opposite order; `unlucky` is the one that the server rolls back. */
  async function provoke(unlucky: (tx: unknown, deadlock: Promise<unknown>) => Promise<void>): Promise<unknown> {
    const other = await raw.getConnection();
    await other.query("start transaction");
    // The server picks the transaction that has changed least.
    await other.query("update rows_of_ours set name = concat(name, '') where name = 'second'");
    await other.query("insert into rows_of_ours values ('heavy 1'), ('heavy 2'), ('heavy 3'), ('heavy 4')");
    try {
      return await transaction(pool, async (tx) => {
        await insert(tx, "before the deadlock");
        await (tx as Lent).query("select name from rows_of_ours where name = 'first' for update");
        const crossing = (tx as Lent).query("select name from rows_of_ours where name = 'second' for update");
        const blocking = other.query("select name from rows_of_ours where name = 'first' for update");
        await unlucky(tx, crossing);
        await blocking;
      });
    } finally {
      await other.query("rollback");
      other.release();
    }
  }

  describe("a deadlock", () => {
    test("that the user's work throws on comes out as the driver threw it, and nothing commits", async () => {
      const failing = provoke(async (_tx, deadlock) => void (await deadlock));
      await expect(failing).rejects.toThrow(expect.objectContaining({ errno: 1213 }) as Error);
      expect(await isThere("before the deadlock")).toBe(false);
    });
  });

  test("a deadlock that an insert saw and the user's work swallowed is transaction_lost: what came after is not committed as if whole", async () => {
    const table = new EventsTable("events_deadlock");
    await createTables(raw, [table]);
    await table.insert(raw, "first", 1);
    await raw.query("create table locked (id int primary key)");
    await raw.query("insert into locked values (1)");
    const other = await raw.getConnection();
    await other.query("start transaction");
    await other.query("select * from events_deadlock for update");
    await other.query("insert into rows_of_ours values ('heavy 1'), ('heavy 2'), ('heavy 3'), ('heavy 4')");
    const failing = transaction(pool, async (tx) => {
      await (tx as Lent).query("select * from locked where id = 1 for update");
      const inserting = table.insert(tx, "second", 1);
      const blocking = other.query("select * from locked where id = 1 for update");
      await expect(inserting).rejects.toThrow(failsWith("transaction_lost"));
      await blocking;
      return "swallowed";
    });
    await expect(failing).rejects.toThrow(failsWith("transaction_lost"));
    await other.query("rollback");
    other.release();
    const [rows] = await raw.query<RowDataPacket[]>("select foreign_id from events_deadlock");
    expect(rows).toEqual([{ foreign_id: "first" }]);
  });
});

function insert(tx: unknown, name: string): Promise<unknown> {
  return (tx as Lent).query(`insert into rows_of_ours values ('${name}')`);
}

function collectWakeUp(tx: unknown): () => number {
  const wakeUp = vi.fn<() => void>();
  openTransaction(nativeOf(tx) ?? {})?.wakeUps.add(wakeUp);
  return () => wakeUp.mock.calls.length;
}
