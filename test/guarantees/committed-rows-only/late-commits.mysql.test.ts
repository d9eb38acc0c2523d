import type { GapReport } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { describeEachServer } from "../../support/servers/engines.ts";
import { eventIds, idRange, leaveGap, noopIds, Reports, storedRows } from "../../support/streams/gaps.ts";
import { insertEach, makeTable, nothingWithin, openInsert, rest, take } from "../../support/streams/streams.ts";

describeEachServer((engine) => {
  describe("row 1 that commits after row 2", () => {
    // Catches a stream that takes the first row it sees as the table's first.
    test("is delivered before it, by a stream that waits and by one that starts when only row 2 is visible", async () => {
      const pool = await engine.createRawPool();
      const gaps = new Reports<GapReport>();
      const table = await makeTable(pool, { observer: { gap: gaps.add } });
      const waiting = table.stream(pool, "");
      const first = take(waiting, 2);
      const late = await openInsert(pool, table);
      await table.insert(pool, "second", 1);
      await gaps.first();
      // Shares nothing with the first: what that one knows must not be what saves it.
      const started = table.clone({ cache: false, observer: {} }).stream(pool, "");
      const second = take(started, 2);
      expect(await Promise.race([first, second, nothingWithin(100)])).toBe("nothing");
      await late.commit();
      expect(await first).toEqual(["1", "2"]);
      expect(await second).toEqual(["1", "2"]);
      expect(await noopIds(pool, table)).toEqual([]);
      await waiting.close();
      await started.close();
    });

    // Catches the same mistake made for the cursor 0 only, as where a missing cursor is taken for one.
    test("is delivered before it from cursor 0 too", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      const late = await openInsert(pool, table);
      await table.insert(pool, "second", 1);
      const stream = table.stream(pool, "0", { toHead: true });
      const all = rest(stream);
      await late.commit();
      expect(await all).toEqual(["1", "2"]);
    });
  });

  describe("row 1 that is rolled back", () => {
    // Catches a reader that passes the gap without a row in it: the next one would have to guess again.
    test("leaves a noop in its place, which only streams with includeNoops deliver", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await leaveGap(pool, table);
      await table.insert(pool, "kept", 7);
      expect(await rest(table.stream(pool, "", { toHead: true }))).toEqual(["2"]);
      expect(await storedRows(pool, table)).toEqual([
        { id: "1", type: 0 },
        { id: "2", type: 7 },
      ]);
      const all = table.clone({ includeNoops: true }).stream(pool, "", { toHead: true });
      expect((await all.next()).value).toMatchObject({ id: "1", type: 0, foreignId: "0", metadata: undefined });
      expect((await all.next()).value).toMatchObject({ id: "2", type: 7 });
      expect(await all.next()).toEqual({ done: true, value: undefined });
    });
  });

  describe("a stream to the head", () => {
    // Catches an end at the last row before the gap, and a head that moves while the stream waits.
    test.each(["commit", "rollback"] as const)(
      "ends after the gap below it is closed by %s, no sooner",
      async (end) => {
        const pool = await engine.createRawPool();
        const gaps = new Reports<GapReport>();
        const table = await makeTable(pool, { observer: { gap: gaps.add } });
        await table.insert(pool, "1", 1);
        const late = await openInsert(pool, table);
        await table.insert(pool, "3", 1);
        const stream = table.stream(pool, "", { toHead: true });
        expect(await take(stream, 1)).toEqual(["1"]);
        const others = rest(stream);
        await gaps.first();
        await table.insert(pool, "4, after the call", 1);
        expect(await Promise.race([others, nothingWithin(200)])).toBe("nothing");
        await late[end]();
        expect(await others).toEqual(end === "commit" ? ["2", "3"] : ["3"]);
        expect(stream.position).toBe("3");
      },
    );

    // Catches a target of the highest id that is inserted, committed or not.
    test("does not wait for ids above the head, and ends at once in an empty table", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      const open = await openInsert(pool, table);
      expect(await rest(table.stream(pool, "", { toHead: true }))).toEqual([]);
      await open.commit();
      const above = await openInsert(pool, table);
      expect(await rest(table.stream(pool, "", { toHead: true }))).toEqual(["1"]);
      await above.rollback();
    });

    // Catches a stream that ends only at an event: the target itself may be a noop.
    test("ends at a target that is a noop, or that the table's start holds back", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await leaveGap(pool, table, 3);
      await insertEach(pool, table, idRange(4, 6));
      await pool.query(`insert into ${table.name} (foreign_id, timestamp, type) values ('0', utc_timestamp(6), 0)`);
      const stream = table.stream(pool, "", { toHead: true });
      expect(await rest(stream)).toEqual(["4", "5", "6"]);
      expect(stream.position).toBe("7");
      expect(await eventIds(pool, table)).toEqual(["4", "5", "6"]);
    });
  });
});
