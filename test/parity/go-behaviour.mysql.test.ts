import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { EventsTable } from "../../src/tables/events-table.ts";
import { describeEachServer } from "../support/servers/engines.ts";
import { idRange } from "../support/streams/gaps.ts";
import { makeTable, nothingWithin, rest, take } from "../support/streams/streams.ts";

type NewEvents = Parameters<EventsTable["insertMany"]>[1];

function newEvents(count: number): NewEvents {
  return Array.from({ length: count }, (_, index) => ({ foreignId: `f${index}`, type: 1 + (index % 7) }));
}

describeEachServer((engine) => {
  describe("a stream", () => {
    // Catches pages that overlap or leave out a row where they meet, at any number of pages.
    test.each([0, 1, 100, 10_000])("of %i events delivers each once, in order, to a slow reader", async (count) => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await table.insertMany(pool, newEvents(count));
      const ids: string[] = [];
      for await (const { id } of table.stream(pool, "", { toHead: true })) {
        ids.push(id);
        // The reader is elsewhere while pages are read ahead.
        if (ids.length % 97 === 0) await nextTurn();
      }
      expect(ids).toEqual(count === 0 ? [] : idRange(1, count));
    });

    // Catches rows that are inserted between two pages and left out.
    test("delivers, in order, what is inserted while it runs", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { limit: 7 });
      const stream = table.stream(pool, "");
      const all = take(stream, 300);
      for (let round = 0; round < 30; round++) await table.insertMany(pool, newEvents(10));
      expect(await all).toEqual(idRange(1, 300));
      await stream.close();
    });

    // Catches a cursor that is moved before the consumer is done, or at its failure.
    test("resumes at the event at which its consumer failed", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { limit: 3 });
      await table.insertMany(pool, newEvents(10));
      const seen: string[] = [];
      const consume = async (after: string, failAt: string): Promise<string> => {
        let cursor = after;
        try {
          for await (const { id } of table.stream(pool, after, { toHead: true })) {
            seen.push(id);
            if (id === failAt) throw new Error("consumer failed");
            cursor = id;
          }
        } catch (error) {
          expect(error).toMatchObject({ message: "consumer failed" });
        }
        return cursor;
      };
      const first = await consume("", "4");
      const second = await consume(first, "7");
      await consume(second, "none");
      expect(seen).toEqual(["1", "2", "3", "4", "4", "5", "6", "7", "7", "8", "9", "10"]);
    });

    // Catches a head that is looked up at the first event instead of at the start.
    test("from the head leaves out what was there, and delivers what comes after its start", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await table.insertMany(pool, newEvents(5));
      const stream = table.stream(pool, "2", { fromHead: true });
      expect(await stream.start()).toBe("5");
      await table.insertMany(pool, newEvents(3));
      expect(await take(stream, 3)).toEqual(["6", "7", "8"]);
      await stream.close();
      const empty = await makeTable(pool);
      const fromNothing = empty.stream(pool, "", { fromHead: true });
      await fromNothing.start();
      await empty.insert(pool, "a", 1);
      expect(await take(fromNothing, 1)).toEqual(["1"]);
      await fromNothing.close();
    });

    // Catches an end that moves with the head, and one that waits for more at an empty table.
    test("to the head ends there, at what was committed when it started", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { limit: 2 });
      expect(await rest(table.stream(pool, "", { toHead: true }))).toEqual([]);
      await table.insertMany(pool, newEvents(5));
      const stream = table.stream(pool, "", { toHead: true });
      await stream.start();
      await table.insertMany(pool, newEvents(5));
      expect(await rest(stream)).toEqual(idRange(1, 5));
      expect(await rest(table.stream(pool, "5", { toHead: true }))).toEqual(idRange(6, 10));
      expect(await rest(table.stream(pool, "10", { toHead: true }))).toEqual([]);
      expect(await rest(table.stream(pool, "", { toHead: true, fromHead: true }))).toEqual([]);
    });

    // Catches a wait that hears of an abort only with the next event or time-out.
    test("that waits at the head ends at once with the signal's reason, and frees its connection", async () => {
      const pool = await engine.createRawPool({ connectionLimit: 1 });
      const table = await makeTable(pool, { wake: false, backoffMs: 600_000 });
      await table.insert(pool, "a", 1);
      const controller = new AbortController();
      const stream = table.stream(pool, "", { signal: controller.signal });
      expect(await take(stream, 1)).toEqual(["1"]);
      const pending = stream.next();
      await expect(Promise.race([pending, nothingWithin(200)])).resolves.toBe("nothing");
      const reason = new Error("shut down");
      controller.abort(reason);
      await expect(pending).rejects.toBe(reason);
      // The pool has one connection: this would wait for it in vain.
      await table.insert(pool, "b", 1);
      const later = table.stream(pool, "", { signal: controller.signal });
      await expect(later.next()).rejects.toBe(reason);
    });

    // Catches a limit that is one off where pages end, or that is added to elsewhere.
    test.each([1, 3, 5000])("reads with a look-up limit of %i what it reads with any other", async (limit) => {
      const pool = await engine.createRawPool();
      const polls: number[] = [];
      const observer = { poll: ({ rows }: { rows: number }) => void polls.push(rows) };
      const table = await makeTable(pool, { limit, observer });
      const count = limit === 5000 ? 6000 : 40;
      await table.insertMany(pool, newEvents(count));
      expect(await rest(table.stream(pool, "", { toHead: true }))).toEqual(idRange(1, count));
      // The row at the position is read along.
      expect(Math.max(...polls)).toBeLessThanOrEqual(limit + 1);
      const head = table.stream(pool, String(count));
      await head.start();
      const pending = take(head, 4);
      await table.insertMany(pool, newEvents(4));
      expect(await pending).toEqual(idRange(count + 1, count + 4));
      await head.close();
    });

    // Catches a type filter for a noop filter, a noop that ends a page early, and one that is delivered.
    test("leaves noops out, or delivers them with includeNoops, and its cursor passes them either way", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { limit: 2 });
      const noop = (): Promise<unknown> =>
        pool.query(`insert into ${table.name} (foreign_id, timestamp, type) values ('0', utc_timestamp(6), 0)`);
      await noop();
      await table.insert(pool, "a", 1);
      for (let index = 0; index < 5; index++) await noop();
      await table.insert(pool, "b", 1);
      await noop();
      const without = table.stream(pool, "", { toHead: true });
      expect(await rest(without)).toEqual(["2", "8"]);
      expect(without.position).toBe("9");
      const including = table.clone({ includeNoops: true });
      expect(await rest(including.stream(pool, "", { toHead: true }))).toEqual(idRange(1, 9));
      // Type 0 with a foreign id of its own is an old table's event.
      await pool.query(`insert into ${table.name} (foreign_id, timestamp, type) values ('x', utc_timestamp(6), 0)`);
      expect(await rest(table.stream(pool, "9", { toHead: true }))).toEqual(["10"]);
    });

    // Catches a lag that is measured once a page, or by this process's clock, or that a cache serves past.
    test.each([true, false])("with lag holds each event back until it is old enough, with cache %s", async (cache) => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { cache });
      const lagMs = 300;
      const prompt = table.stream(pool, "");
      const lagged = table.stream(pool, "", { lagMs });
      const late = (async (): Promise<number[]> => {
        const ages: number[] = [];
        for (let index = 0; index < 4; index++) {
          const { value } = (await lagged.next()) as { value: { timestampMicros: number } };
          const [[clock]] = (await pool.query(
            "select timestampdiff(microsecond, '1970-01-01', utc_timestamp(6)) as now",
          )) as unknown as [[{ now: number }]];
          ages.push((clock.now - value.timestampMicros) / 1000);
        }
        return ages;
      })();
      for (let index = 0; index < 4; index++) {
        await table.insert(pool, "a", 1);
        expect(await take(prompt, 1)).toEqual([String(index + 1)]);
      }
      expect(Math.min(...(await late))).toBeGreaterThanOrEqual(lagMs);
      await Promise.all([prompt.close(), lagged.close()]);
    });
  });

  // Catches a clone that is woken by, fills for, listens for or is counted with the table that it was made from.
  test("a clone shares no notifier, cache, gap listener or stopped filling with its table", async () => {
    const pool = await engine.createRawPool();
    const polls: string[] = [];
    const table = await makeTable(pool, { wake: false, backoffMs: 600_000 });
    const clone = table.clone({ observer: { poll: () => void polls.push("clone") } });
    await table.insert(pool, "a", 1);
    expect(await rest(table.stream(pool, "", { toHead: true }))).toEqual(["1"]);
    expect(polls).toEqual([]);
    expect(await rest(clone.stream(pool, "", { toHead: true }))).toEqual(["1"]);
    expect(polls.length).toBeGreaterThan(0);
    const gaps: string[] = [];
    table.listenGaps(() => gaps.push("table"));
    clone.listenGaps(() => gaps.push("clone"));
    const waiting = clone.stream(pool, "1");
    await waiting.start();
    const pending = take(waiting, 1);
    await table.insert(pool, "b", 1);
    await expect(Promise.race([pending, nothingWithin(300)])).resolves.toBe("nothing");
    (await clone.insert(pool, "c", 1))();
    expect(await pending).toEqual(["2"]);
    await waiting.close();
    expect(gaps).toEqual([]);
  });
});
