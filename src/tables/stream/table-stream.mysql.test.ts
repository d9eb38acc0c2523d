import { describe, expect, test } from "vitest";
import { describeEachEngine, describeEachServer } from "../../../test/support/servers/engines.ts";
import { Reports } from "../../../test/support/streams/gaps.ts";
import { makeTable, nothingWithin, openInsert, rest, take } from "../../../test/support/streams/streams.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import type { StallReport } from "../../reflex/observer.ts";
import { EventsTable } from "../events-table.ts";

describeEachEngine((engine) => {
  describe("a stream", () => {
    test("reads past ids of more digits, page by page, in the order of their numbers", async () => {
      const pool = await engine.createPool();
      const table = await makeTable(pool, { limit: 7 });
      await table.insertMany(
        pool,
        Array.from({ length: 1234 }, (_, index) => ({ foreignId: `f${index}`, type: 1 })),
      );
      const ids = await rest(table.stream(pool, "", { toHead: true }));
      expect(ids).toEqual(Array.from({ length: 1234 }, (_, index) => String(index + 1)));
    });

    test("keeps ids beyond 2^53 exact", async () => {
      const pool = await engine.createPool();
      const table = await makeTable(pool);
      const raw = await engine.createRawPool();
      await raw.query(`alter table ${table.name} auto_increment = 9007199254740993`);
      await table.insertMany(
        pool,
        [1, 2, 3].map((type) => ({ foreignId: "x", type })),
      );
      const ids = await rest(table.stream(pool, "9007199254740992", { toHead: true }));
      expect(ids).toEqual(["9007199254740993", "9007199254740994", "9007199254740995"]);
    });

    test("is woken by an insert of this process although it would not look by itself for minutes", async () => {
      const pool = await engine.createPool();
      const table = await makeTable(pool, { wake: false, backoffMs: 600_000 });
      const stream = table.stream(pool, "");
      await stream.start();
      const pending = take(stream, 1);
      await table.insert(pool, "a", 1);
      expect(await pending).toEqual(["1"]);
      await stream.close();
    });

    test("finds what another process inserted", async () => {
      const pool = await engine.createPool();
      const table = await makeTable(pool);
      const stream = table.stream(pool, "");
      const pending = take(stream, 1);
      await table.clone().insert(pool, "a", 1);
      expect(await pending).toEqual(["1"]);
      await stream.close();
    });
  });
});

describeEachServer((engine) => {
  describe("a stream at a gap", () => {
    test("holds at the table's start until row 1 commits, though row 2 is visible", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      const late = await openInsert(pool, table);
      await table.insert(pool, "second", 1);
      const stream = table.stream(pool, "");
      const first = take(stream, 2);
      // A second stream to the head waits at the same gap: it is not the head.
      const toHead = rest(table.stream(pool, "0", { toHead: true }));
      await expect(Promise.race([first, toHead, nothingWithin(300)])).resolves.toBe("nothing");
      await late.commit();
      expect(await first).toEqual(["1", "2"]);
      expect(await toHead).toEqual(["1", "2"]);
      await stream.close();
    });

    test("delivers what is below it and says within 5 s what it waits for, and when it goes on", async () => {
      const stalls = new Reports<StallReport>();
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { observer: { stall: stalls.add } });
      await table.insert(pool, "a", 1);
      const late = await openInsert(pool, table);
      await table.insert(pool, "c", 1);
      const stream = table.stream(pool, "");
      expect(await take(stream, 1)).toEqual(["1"]);
      const pending = take(stream, 2);
      const stall = await stalls.first();
      expect(stall).toMatchObject({
        state: "stalled",
        table: table.name,
        prev: "1",
        next: "3",
        reason: "in_flight",
      });
      expect(stall.message).toContain("row 2");
      await late.commit();
      expect(await pending).toEqual(["2", "3"]);
      expect(stalls.all.map(({ state }) => state)).toEqual(["stalled", "resumed"]);
      await stream.close();
    });

    test("is delivered from the head too, when it is filled after the stream began", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await table.insert(pool, "a", 1);
      const late = await openInsert(pool, table);
      await table.insert(pool, "c", 1);
      const stream = table.stream(pool, "", { fromHead: true });
      expect(await stream.start()).toBe("1");
      await late.commit();
      await table.insert(pool, "d", 1);
      expect(await take(stream, 2)).toEqual(["2", "4"]);
      await stream.close();
    });
  });

  describe("a stream", () => {
    test("hands the same events over by the page, and tells its position past noops", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { limit: 2 });
      await table.insertMany(
        pool,
        [1, 2, 3].map((type) => ({ foreignId: "x", type })),
      );
      await pool.query(`insert into ${table.name} (foreign_id, timestamp, type) values ('0', utc_timestamp(6), 0)`);
      const stream = table.stream(pool, "", { toHead: true });
      const pages: string[][] = [];
      for await (const page of stream.batches()) pages.push(page.map(({ id }) => id));
      expect(pages).toEqual([["1", "2"], ["3"]]);
      expect(stream.position).toBe("4");
      const noops = table.clone({ includeNoops: true }).stream(pool, "3", { toHead: true });
      expect((await noops.next()).value).toMatchObject({ id: "4", type: 0 });
    });

    test("holds events back until they are old enough by the server's clock", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await table.insert(pool, "a", 1);
      const stream = table.stream(pool, "", { lagMs: 400 });
      const { value } = await stream.next();
      const [[clock]] = (await pool.query(
        "select timestampdiff(microsecond, '1970-01-01', utc_timestamp(6)) as now",
      )) as unknown as [[{ now: number }]];
      expect(clock.now - (value as ReflexEvent).timestampMicros).toBeGreaterThanOrEqual(400_000);
      await stream.close();
    });

    test("stops at a type that is not in the catalogue, after the events before it, when told to", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await table.insertMany(
        pool,
        [1, 2, 9].map((type) => ({ foreignId: "x", type })),
      );
      const strict = table.clone({ types: { Placed: 1, Paid: 2 }, onUnknownType: "error" });
      const stream = strict.stream(pool, "");
      expect(await take(stream, 2)).toEqual(["1", "2"]);
      await expect(stream.next()).rejects.toMatchObject({
        code: "unknown_event_type",
        details: { eventId: "3", type: 9 },
      });
      expect(stream.position).toBe("2");
    });

    test.each(["abc", "-1", "1.5", "9223372036854775808", " 1"])("refuses the cursor %j at once", async (cursor) => {
      const pool = await engine.createRawPool();
      const table = new EventsTable("never_read");
      expect(() => table.stream(pool, cursor)).toThrow(/decimal number/);
    });
  });
});
