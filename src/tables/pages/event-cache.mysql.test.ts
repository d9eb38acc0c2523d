import { EventsTable, type GapReport, type PollReport } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { idRange, Reports } from "../../../test/support/streams/gaps.ts";
import { insertMany, makeTable, nothingWithin, openInsert, take } from "../../../test/support/streams/streams.ts";
import { MOST_KEPT_EVENTS } from "../reader/shared-cache.ts";

// No poll but those that events lead to.
const QUIET = { wake: false, backoffMs: 60_000 } as const;

describeEachServer((engine) => {
  describe("streams of one table", () => {
    // Catches a cache that gives out too little or too much at its end, and one that skips what it has lost.
    test("get everything in order, also one that falls out of what is kept in memory", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      const total = MOST_KEPT_EVENTS + 3500;
      await insertMany(pool, table, total);
      const [slow, fast] = [table.stream(pool, ""), table.stream(pool, "")];
      expect(await take(slow, 1500)).toEqual(idRange(1, 1500));
      expect(await take(fast, total)).toEqual(idRange(1, total));
      await insertMany(pool, table, 500);
      expect(await take(fast, 500)).toEqual(idRange(total + 1, total + 500));
      expect(await take(slow, total + 500 - 1500)).toEqual(idRange(1501, total + 500));
      await slow.close();
      await fast.close();
    });

    // Catches a reader for each stream: a hundred streams would read the same rows a hundred times.
    test("share what one of them has read", async () => {
      const pool = await engine.createRawPool();
      const polls = new Reports<PollReport>();
      const table = await makeTable(pool, { ...QUIET, observer: { poll: polls.add } });
      await insertMany(pool, table, 3000);
      const [first, second] = [table.stream(pool, ""), table.stream(pool, "")];
      await second.start();
      expect(await take(first, 2500)).toEqual(idRange(1, 2500));
      const before = rowsRead(polls);
      expect(await take(second, 2500)).toEqual(idRange(1, 2500));
      expect(rowsRead(polls) - before).toBe(0);
      await first.close();
      await second.close();
    });

    // Catches a page that streams share and one of its readers may change.
    test("hand out batches of their own", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, QUIET);
      await insertMany(pool, table, 20);
      const [first, second] = [table.stream(pool, ""), table.stream(pool, "")];
      await second.start();
      const { value } = await first.batches().next();
      (value as unknown[]).reverse();
      expect(await take(second, 20)).toEqual(idRange(1, 20));
      await first.close();
      await second.close();
    });

    // Catches a page that the first of several streams takes from the others. Nothing is kept beside it: no cache.
    test("are each given the full pages that they share", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { ...QUIET, limit: 10 });
      await insertMany(pool, table, 205);
      const streams = Array.from({ length: 3 }, () => table.stream(pool, ""));
      await Promise.all(streams.map((stream) => stream.start()));
      expect(await Promise.all(streams.map((stream) => take(stream, 205)))).toEqual(streams.map(() => idRange(1, 205)));
      await Promise.all(streams.map((stream) => stream.close()));
    });

    // Catches the option or a clone that shares nevertheless.
    test.each(["cache: false", "a clone"])("share nothing with %s", async (kind) => {
      const pool = await engine.createRawPool();
      const polls = new Reports<PollReport>();
      const table = await makeTable(pool, { ...QUIET, cache: kind !== "cache: false", observer: { poll: polls.add } });
      await insertMany(pool, table, 3000);
      const first = table.stream(pool, "");
      const second = (kind === "a clone" ? table.clone() : table).stream(pool, "");
      expect(await take(first, 2500)).toEqual(idRange(1, 2500));
      const before = rowsRead(polls);
      expect(await take(second, 2500)).toEqual(idRange(1, 2500));
      expect(rowsRead(polls) - before).toBeGreaterThanOrEqual(2500);
      await first.close();
      await second.close();
    });

    // Catches a stream with gaps of its own that hands its reader to the others, or takes theirs.
    test("share nothing with one that closes gaps in its own way", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await table.insert(pool, "1", 1);
      const rolledBack = await openInsert(pool, table);
      await rolledBack.rollback();
      await table.insert(pool, "3", 1);
      const waiting = table.stream(pool, "", { gaps: false });
      expect(await take(waiting, 1)).toEqual(["1"]);
      const next = take(waiting, 1);
      expect(await Promise.race([next, nothingWithin(200)])).toBe("nothing");
      const filling = table.stream(pool, "");
      expect(await take(filling, 2)).toEqual(["1", "3"]);
      expect(await next).toEqual(["3"]);
      await waiting.close();
      await filling.close();
    });
  });

  describe("one table object that streams from two databases", () => {
    // Catches a reader, cache or gap that is kept by the table's name alone.
    test("holds at a gap in one only, and tells of it once", async () => {
      const pool = await engine.createRawPool();
      const other = `${engine.database}_other`;
      const gaps = new Reports<GapReport>();
      const table = await makeTable(pool, { observer: { gap: gaps.add } });
      await pool.query(`create database ${other}`);
      const otherPool = await engine.createRawPool({ database: other });
      try {
        await otherPool.query(`create table ${table.name} like ${engine.database}.${table.name}`);
        const heard: object[] = [];
        table.listenGaps((gap) => heard.push(gap));
        const [here, there] = [table.stream(pool, ""), table.stream(otherPool, "")];
        await table.insert(pool, "1 here", 1);
        const open = await openInsert(pool, table);
        await table.insert(pool, "3 here", 1);
        await insertMany(otherPool, table, 5);
        expect(await take(here, 1)).toEqual(["1"]);
        const held = take(here, 2);
        await gaps.first();
        expect(await take(there, 5)).toEqual(idRange(1, 5));
        await insertMany(otherPool, table, 1);
        expect(await take(there, 1)).toEqual(["6"]);
        expect(await Promise.race([held, nothingWithin(100)])).toBe("nothing");
        await open.commit();
        expect(await held).toEqual(["2", "3"]);
        expect(heard).toEqual([{ prev: "1", next: "3" }]);
        expect(gaps.all).toEqual([{ table: table.name, prev: "1", next: "3" }]);
        await here.close();
        await there.close();
      } finally {
        await pool.query(`drop database ${other}`);
      }
    });
  });

  // Catches a cache that lives outside of the table object.
  test("a table object made anew for the same table begins with nothing in memory", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool);
    await insertMany(pool, table, 3);
    const stream = table.stream(pool, "");
    expect(await take(stream, 3)).toEqual(idRange(1, 3));
    const polls = new Reports<PollReport>();
    const again = new EventsTable(table.name, { observer: { poll: polls.add } }).stream(pool, "");
    expect(await take(again, 3)).toEqual(idRange(1, 3));
    expect(rowsRead(polls)).toBeGreaterThanOrEqual(3);
    await stream.close();
    await again.close();
  });
});

function rowsRead(polls: Reports<PollReport>): number {
  return polls.all.reduce((sum, { rows }) => sum + rows, 0);
}
