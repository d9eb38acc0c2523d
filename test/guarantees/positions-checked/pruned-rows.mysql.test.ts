import { CursorsTable, createConsumer, createTables, run } from "reflex-rsql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setFaultConfirmMs } from "../../../src/tables/reader/confirm-time.ts";
import { describeEachServer } from "../../support/servers/engines.ts";
import { idRange, noopIds } from "../../support/streams/gaps.ts";
import { insertMany, makeTable, nothingWithin, openInsert, rest, take } from "../../support/streams/streams.ts";

// Position faults in tests are confirmed soon.
const CONFIRM_MS = 200;
const SOON = { backoffMs: 100 } as const;

describeEachServer((engine) => {
  beforeAll(() => setFaultConfirmMs(CONFIRM_MS));
  afterAll(() => setFaultConfirmMs());

  describe("a stream whose consumed rows were deleted", () => {
    // Catches one that takes the missing row at its cursor for a fault: every night's retention would be an alarm.
    test.each([
      { name: "all of them", upTo: 5 },
      { name: "all and the table is empty for a while", upTo: 5 },
      { name: "all but the last", upTo: 4 },
    ])("goes on in silence: $name", async ({ upTo }) => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, SOON);
      await insertMany(pool, table, 5);
      const running = table.stream(pool, "");
      expect(await take(running, 5)).toEqual(idRange(1, 5));
      await pool.query(`delete from ${table.name} where id <= ${upTo}`);
      const next = take(running, 2);
      // Longer than a fault takes to be confirmed.
      expect(await Promise.race([next, nothingWithin(3 * CONFIRM_MS)])).toBe("nothing");
      const started = table.clone().stream(pool, "5");
      await started.start();
      await insertMany(pool, table, 2);
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
      await insertMany(pool, table, 3);
      await consume();
      await pool.query(`delete from ${table.name}`);
      await consume();
      await insertMany(pool, table, 2);
      await consume();
      expect(consumed).toEqual(idRange(1, 5));
      await pool.query(`delete from ${table.name} where id <= 5`);
      await insertMany(pool, table, 2);
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
      await insertMany(pool, table, 10);
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
      await insertMany(pool, table, 10);
      await pool.query(`delete from ${table.name} where id <= 6`);
      expect(await rest(table.stream(pool, "3", { toHead: true, onPruned: "skip" }))).toEqual(idRange(7, 10));
      expect(warnings.join()).toContain("going on at 7");
      expect(await noopIds(pool, table)).toEqual([]);
    });

    // Catches a skip over a row that is not gone but still open, which would commit behind the stream, and an alarm over it.
    test.each(["skip", "error"] as const)("waits for a row that is still open: onPruned %j", async (onPruned) => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, SOON);
      await insertMany(pool, table, 5);
      await pool.query(`delete from ${table.name}`);
      const open = await openInsert(pool, table);
      await insertMany(pool, table, 1);
      const stream = table.stream(pool, "5", { onPruned });
      const delivered = take(stream, 2);
      expect(await Promise.race([delivered, nothingWithin(3 * CONFIRM_MS)])).toBe("nothing");
      await open.commit();
      expect(await delivered).toEqual(["6", "7"]);
      await stream.close();
    });
  });
});
