import { createPool, type RowDataPacket } from "mysql2/promise";
import { createTables, type ErrorReport, type EventStream, EventsTable, type StallReport } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { startPrivateServer } from "../../../src/testing/servers/private-server.ts";
import { describeEachServer, type Engine } from "../../support/servers/engines.ts";
import { noopIds, Reports } from "../../support/streams/gaps.ts";
import { makeTable, openInsert, take } from "../../support/streams/streams.ts";

const SECOND = 1000;

/** A server that nothing else uses, with this many tables, and how many SELECTs it has run. */
async function idleServer(engine: Engine, tableCount: number) {
  const server = await startPrivateServer({ vendor: engine.vendor });
  const admin = createPool({ uri: server.url, connectionLimit: 1 });
  await admin.query("create database counted");
  await admin.end();
  const pool = createPool(server.url.replace("/?", "/counted?"));
  const tables = Array.from({ length: tableCount }, (_, index) => new EventsTable(`events_${index}`));
  await createTables(pool, tables);
  for (const table of tables) await table.insert(pool, "first", 1);
  const selects = async (): Promise<number> => {
    const [[row]] = await pool.query<RowDataPacket[]>("show global status like 'Com_select'");
    return Number(row?.["Value"]);
  };
  return {
    pool,
    tables,
    /** How many SELECTs run during some work. */
    async during(work: () => Promise<unknown>): Promise<number> {
      const before = await selects();
      await work();
      return (await selects()) - before;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await pool.end();
      await server.stop();
    },
  };
}

const closeAll = (streams: readonly EventStream[]): Promise<unknown> =>
  Promise.all(streams.map((stream) => stream.close()));

const pass = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs));

describeEachServer((engine) => {
  describe("ten readers at one gap", () => {
    // Catches a deadlock (1213) or a duplicate key of one filler that ends its stream, and fillers that take a pool's
    // every connection.
    test("all go on when it is rolled back, without an error, and leave one noop", async () => {
      const pool = await engine.createRawPool();
      const [other, third] = [await engine.createRawPool(), await engine.createRawPool()];
      const errors = new Reports<ErrorReport>();
      const stalls = new Reports<StallReport>();
      const table = await makeTable(pool, { observer: { error: errors.add, stall: stalls.add } });
      const readers = [pool, pool, pool, pool, pool, pool, pool, pool, other, third];
      const streams = readers.map((readFrom) => table.clone().stream(readFrom, ""));
      for (let round = 0; round < 5; round++) {
        const pending = streams.map((stream) => take(stream, 1));
        const rolledBack = await openInsert(pool, table);
        await table.insert(pool, "kept", 1);
        await rolledBack.rollback();
        expect(new Set((await Promise.all(pending)).flat())).toEqual(new Set([String(2 * round + 2)]));
      }
      expect(await noopIds(pool, table)).toEqual(["1", "3", "5", "7", "9"]);
      expect(errors.all).toEqual([]);
      expect(stalls.all).toEqual([]);
      await closeAll(streams);
    });
  });

  describe("a hundred streams at one head", () => {
    // Catches a poll, or a look at the head, by each stream.
    test("ask the server about as often as one, idle or not", async () => {
      await using server = await idleServer(engine, 1);
      const { pool, tables } = server;
      const [table] = tables;
      if (table === undefined) return expect.unreachable();
      const counts: { idle: number; busy: number }[] = [];
      let inserted = 1;
      for (const streamCount of [1, 100]) {
        const streams = Array.from({ length: streamCount }, () => table.stream(pool, ""));
        await Promise.all(streams.map((stream) => take(stream, inserted)));
        const pending = streams.map((stream) => take(stream, 200));
        await pass(300);
        const idle = await server.during(() => pass(SECOND));
        const busy = await server.during(async () => {
          for (let index = 0; index < 200; index++) await table.insert(pool, "x", 1);
          await Promise.all(pending);
        });
        inserted += 200;
        counts.push({ idle, busy });
        await closeAll(streams);
      }
      const [one, hundred] = counts;
      expect(hundred?.idle).toBeLessThanOrEqual((one?.idle ?? 0) * 1.5 + 5);
      expect(hundred?.busy).toBeLessThanOrEqual((one?.busy ?? 0) * 1.5 + 20);
      // Fewer would mean that nobody looked.
      expect(one?.idle).toBeGreaterThan(5);
    });
  });

  describe("streams of three tables of one database", () => {
    // Catches a watcher for each table.
    test("have their heads looked at by one statement", async () => {
      await using server = await idleServer(engine, 3);
      const counts: number[] = [];
      for (const tableCount of [1, 3]) {
        const streams = server.tables.slice(0, tableCount).map((table) => table.stream(server.pool, ""));
        await Promise.all(streams.map((stream) => take(stream, 1)));
        const pending = streams.map((stream) => stream.next());
        await pass(300);
        counts.push(await server.during(() => pass(SECOND)));
        await closeAll(streams);
        await Promise.all(pending);
      }
      const [one = 0, three] = counts;
      expect(three).toBeLessThanOrEqual(one * 1.5 + 5);
      expect(one).toBeGreaterThan(5);
    });
  });
});
