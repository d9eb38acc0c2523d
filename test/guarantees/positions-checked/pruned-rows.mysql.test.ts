import type { Pool } from "mysql2/promise";
import { CursorsTable, createConsumer, createTables, type EventsTable, run } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { describeEachServer } from "../../support/servers/engines.ts";
import { idRange, noopIds } from "../../support/streams/gaps.ts";
import { makeTable, nothingWithin, openInsert, rest, take } from "../../support/streams/streams.ts";

// Position faults in tests are confirmed soon.
const SOON = { confirmMs: 200, backoffMs: 100 } as const;

describeEachServer((engine) => {
  describe("a stream without a cursor, of a table whose first row has id 50 000", () => {
    // Catches one that takes the missing prefix for a gap: 49 999 noops, and hours with a larger one.
    test("starts at that row when it is old, with no noop inserted", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await insertAt(pool, table, { id: 50_000, ageMinutes: 61 });
      await table.insert(pool, "next", 1);
      const starters = [table, table, table.clone()].map((own) => rest(own.stream(pool, "", { toHead: true })));
      for (const delivered of await Promise.all(starters)) expect(delivered).toEqual(["50000", "50001"]);
      expect(await noopIds(pool, table)).toEqual([]);
    });

    // Catches one that fences from whatever row is the first: its own noops, at each start a thousand further down.
    test("fences the last 1000 ids below it when it is young, whoever starts and however often", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await insertAt(pool, table, { id: 50_000, ageMinutes: 59 });
      const first = [table, table.clone()].map((own) => rest(own.stream(pool, "", { toHead: true })));
      for (const delivered of await Promise.all(first)) expect(delivered).toEqual(["50000"]);
      expect(await noopIds(pool, table)).toEqual(idRange(49_000, 49_999));
      expect(await rest(table.stream(pool, "0", { toHead: true }))).toEqual(["50000"]);
      const fromHead = table.stream(pool, "", { fromHead: true });
      expect(await fromHead.start()).toBe("50000");
      const next = take(fromHead, 1);
      await table.insert(pool, "next", 1);
      expect(await next).toEqual(["50001"]);
      await fromHead.close();
      expect(await noopIds(pool, table)).toEqual(idRange(49_000, 49_999));
    });

    // Catches a start from the head that fences below the noops that an earlier start has inserted.
    test("started from the head fences as much as one from the beginning", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await insertAt(pool, table, { id: 5000, ageMinutes: 1 });
      for (let start = 0; start < 3; start++) {
        const stream = table.stream(pool, "", { fromHead: true });
        await stream.start();
        const next = take(stream, 1);
        await table.insert(pool, "next", 1);
        expect(await next).toEqual([String(5001 + start)]);
        await stream.close();
      }
      expect(await noopIds(pool, table)).toEqual(idRange(4000, 4999));
    });

    // Catches an age rule without a look at what is open: the row would commit behind the reader.
    test("delivers a row that was open below it at the start, though the first visible one is old", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await pool.query(`alter table ${table.name} auto_increment = 1500`);
      const open = await openInsert(pool, table);
      await insertAt(pool, table, { id: 3000, ageMinutes: 90 });
      const stream = table.stream(pool, "");
      const delivered = take(stream, 2);
      expect(await Promise.race([delivered, nothingWithin(300)])).toBe("nothing");
      await open.commit();
      expect(await delivered).toEqual(["1500", "3000"]);
      await stream.close();
    });

    // Catches an option that is read as a cursor: the first row would be left out.
    test("starts at the first id that the user names", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await insertAt(pool, table, { id: 50_000, ageMinutes: 0 });
      expect(await rest(table.stream(pool, "", { toHead: true, firstId: "50000" }))).toEqual(["50000"]);
      expect(await noopIds(pool, table)).toEqual([]);
      expect(await rest(table.stream(pool, "", { toHead: true, firstId: "49998" }))).toEqual(["50000"]);
      expect(await noopIds(pool, table)).toEqual(["49998", "49999"]);
    });
  });

  describe("a stream whose consumed rows were deleted", () => {
    // Catches one that takes the missing row at its cursor for a fault: every night's retention would be an alarm.
    test.each([
      { name: "all of them", upTo: 5 },
      { name: "all and the table is empty for a while", upTo: 5 },
      { name: "all but the last", upTo: 4 },
    ])("goes on in silence: $name", async ({ upTo }) => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, SOON);
      await insertEvents(pool, table, 5);
      const running = table.stream(pool, "");
      expect(await take(running, 5)).toEqual(idRange(1, 5));
      await pool.query(`delete from ${table.name} where id <= ${upTo}`);
      const next = take(running, 2);
      // Longer than a fault takes to be confirmed.
      expect(await Promise.race([next, nothingWithin(500)])).toBe("nothing");
      const started = table.clone().stream(pool, "5");
      await started.start();
      await insertEvents(pool, table, 2);
      expect(await next).toEqual(["6", "7"]);
      expect(await take(started, 2)).toEqual(["6", "7"]);
      await running.close();
      await started.close();
    });

    test("goes on after a restart, from the cursor in its table", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, SOON);
      const cursors = new CursorsTable(`${table.name}_cursors`);
      await createTables(pool, [cursors]);
      const consumed: string[] = [];
      const consumer = createConsumer("nightly", (event) => {
        consumed.push(event.id);
      });
      const consume = (): Promise<void> =>
        run({
          stream: table.clone().toStream(pool),
          cursors: cursors.clone().toStore(pool),
          consumer,
          options: { toHead: true },
        });
      await insertEvents(pool, table, 3);
      await consume();
      await pool.query(`delete from ${table.name}`);
      await consume();
      await insertEvents(pool, table, 2);
      await consume();
      expect(consumed).toEqual(idRange(1, 5));
      await pool.query(`delete from ${table.name} where id <= 5`);
      await insertEvents(pool, table, 2);
      await pool.query(`delete from ${table.name} where id = 6`);
      await expect(consume()).rejects.toMatchObject({ code: "history_pruned", details: { cursor: "5", firstId: "7" } });
      expect(consumed).toEqual(idRange(1, 5));
    });
  });

  describe("a stream some of whose unread rows were deleted", () => {
    // Catches one that takes them for rolled back and fills them: events lost in silence.
    test("ends and names its cursor and the first row that is left", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, SOON);
      await insertEvents(pool, table, 10);
      await pool.query(`delete from ${table.name} where id <= 6`);
      const stream = table.stream(pool, "3");
      await expect(stream.next()).rejects.toMatchObject({
        code: "history_pruned",
        details: { table: table.name, cursor: "3", firstId: "7" },
      });
      expect(stream.position).toBe("3");
      expect(await noopIds(pool, table)).toEqual([]);
    });

    test("goes on at the first row that is left when told to, and says so", async () => {
      const pool = await engine.createRawPool();
      const warnings: string[] = [];
      const logger = { warn: (text: string) => void warnings.push(text) };
      const table = await makeTable(pool, { ...SOON, logger });
      await insertEvents(pool, table, 10);
      await pool.query(`delete from ${table.name} where id <= 6`);
      expect(await rest(table.stream(pool, "3", { toHead: true, onPruned: "skip" }))).toEqual(idRange(7, 10));
      expect(warnings.join()).toContain("going on at 7");
      expect(await noopIds(pool, table)).toEqual([]);
    });

    // Catches a skip over a row that is not gone but still open, which would commit behind the stream, and an alarm over it.
    test.each(["skip", "error"] as const)("waits for a row that is still open: onPruned %j", async (onPruned) => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, SOON);
      await insertEvents(pool, table, 5);
      await pool.query(`delete from ${table.name}`);
      const open = await openInsert(pool, table);
      await insertEvents(pool, table, 1);
      const stream = table.stream(pool, "5", { onPruned });
      const delivered = take(stream, 2);
      expect(await Promise.race([delivered, nothingWithin(3 * SOON.confirmMs)])).toBe("nothing");
      await open.commit();
      expect(await delivered).toEqual(["6", "7"]);
      await stream.close();
    });
  });
});

async function insertEvents(pool: Pool, table: EventsTable, count: number): Promise<void> {
  await table.insertMany(
    pool,
    Array.from({ length: count }, () => ({ foreignId: "x", type: 1 })),
  );
}

/** An event with this id, as old as this by the server's clock. */
async function insertAt(pool: Pool, table: EventsTable, row: { id: number; ageMinutes: number }): Promise<void> {
  await pool.query(
    `insert into ${table.name} (id, foreign_id, timestamp, type) values (?, 'x', utc_timestamp(6) - interval ? minute, 1)`,
    [row.id, row.ageMinutes],
  );
}
