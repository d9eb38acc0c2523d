import type { Pool } from "mysql2/promise";
import type { EventStream, EventsTable, PollReport, ReflexEvent } from "reflex-rsql";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { setFaultConfirmMs } from "../../../src/tables/reader/confirm-time.ts";
import { describeEachServer } from "../../support/servers/engines.ts";
import { idRange, Reports } from "../../support/streams/gaps.ts";
import {
  insertEach,
  killOthers,
  makeTable,
  nothingWithin,
  rest,
  take,
  takeEvents,
} from "../../support/streams/streams.ts";

// Position faults in tests are confirmed soon.
const CONFIRM_MS = 200;
const SOON = { backoffMs: 100 } as const;
const SLOW_CONFIRM_MS = 1500;

describeEachServer((engine) => {
  beforeAll(() => setFaultConfirmMs(CONFIRM_MS));
  afterAll(() => setFaultConfirmMs());

  describe("a truncated table", () => {
    // Catches one that polls for ids above its cursor only, and sees none for ever.
    test("ends a stream that runs, and one that starts, with cursor_ahead", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, SOON);
      await insertEach(pool, table, idRange(1, 5));
      const running = table.stream(pool, "");
      expect(await take(running, 5)).toEqual(idRange(1, 5));
      const next = running.next();
      await pool.query(`truncate table ${table.name}`);
      const fault = { code: "cursor_ahead", details: { table: table.name, cursor: "5" } };
      await expect(next).rejects.toMatchObject(fault);
      expect(running.position).toBe("5");
      await expect(rest(table.stream(pool, "5"))).rejects.toMatchObject(fault);
      await insertEach(pool, table, ["new"]);
      await expect(rest(table.stream(pool, "5"))).rejects.toMatchObject(fault);
      // Catches one that has reached the head at once: a nightly run would leave out what is new, in silence.
      await expect(rest(table.stream(pool, "5", { toHead: true }))).rejects.toMatchObject(fault);
    });

    // Catches a check of ids only: the ids are the same, the events are not, and five new ones would be skipped.
    test("that has grown past the cursor ends a stream that runs with history_rewritten", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, SOON);
      await insertEach(pool, table, idRange(1, 5));
      const running = table.stream(pool, "");
      expect(await take(running, 5)).toEqual(idRange(1, 5));
      const next = running.next();
      await pool.query(`truncate table ${table.name}`);
      await insertEach(
        pool,
        table,
        Array.from({ length: 7 }, (_, index) => `new ${index}`),
      );
      await expect(next).rejects.toMatchObject({ code: "history_rewritten", details: { cursor: "5" } });
    });

    // Catches a fault that is told to one stream only, and a cache that still gives out the old history.
    test("ends all streams at the position, and no stream is given the old rows from memory", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { ...SOON, limit: 2 });
      await insertEach(pool, table, ["old", "old", "old", "old", "old", "old", "old", "old"]);
      const [slow, fast, other] = [table.stream(pool, ""), table.stream(pool, ""), table.stream(pool, "")];
      expect(await take(slow, 2)).toEqual(["1", "2"]);
      for (const stream of [fast, other]) expect(await take(stream, 8)).toEqual(idRange(1, 8));
      const ends = Promise.allSettled([fast.next(), other.next()]);
      await pool.query(`truncate table ${table.name}`);
      await insertEach(pool, table, ["new", "new", "new", "new", "new", "new", "new", "new", "new", "new"]);
      for (const end of await ends) expect(end).toMatchObject({ reason: { code: "history_rewritten" } });
      // The slow stream has its next page in hand; what follows that is no longer what it was.
      const { seen, error } = await untilError(slow);
      expect(seen.map(({ foreignId }) => foreignId)).not.toContain("new");
      expect(Number(slow.position)).toBeLessThanOrEqual(4);
      expect(error).toMatchObject({ code: "history_rewritten" });
    });
  });

  describe("a row that is missing at the cursor, between others", () => {
    // Catches one that takes it for pruned: a failover that lost a row loses those around it too.
    test("ends a stream that runs, and one that starts, with cursor_row_missing", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, SOON);
      await insertEach(pool, table, idRange(1, 5));
      const running = table.stream(pool, "");
      expect(await take(running, 5)).toEqual(idRange(1, 5));
      const next = running.next();
      await pool.query(`delete from ${table.name} where id = 5`);
      await insertEach(pool, table, ["6"]);
      const fault = { code: "cursor_row_missing", details: { table: table.name, cursor: "5" } };
      await expect(next).rejects.toMatchObject(fault);
      await expect(rest(table.stream(pool, "5"))).rejects.toMatchObject(fault);
      // No stream is ended whose own row is there.
      expect(await take(table.stream(pool, "2"), 2)).toEqual(["3", "4"]);
    });
  });

  describe("a fault that goes away before it is confirmed", () => {
    // Catches a fault that is thrown when the first poll shows it: behind a load balancer of replicas one that lags looks the same.
    test("is not thrown, and counts from anew when it comes again", async () => {
      const pool = await engine.createRawPool();
      const polls = new Reports<PollReport>();
      setFaultConfirmMs(SLOW_CONFIRM_MS);
      onTestFinished(() => setFaultConfirmMs(CONFIRM_MS));
      const table = await makeTable(pool, { backoffMs: 20, observer: { poll: polls.add } });
      await insertEach(pool, table, idRange(1, 5));
      await pool.query(`create table ${table.name}_copy as select * from ${table.name}`);
      const stream = table.stream(pool, "");
      expect(await take(stream, 5)).toEqual(idRange(1, 5));
      const next = take(stream, 1);
      for (let flicker = 0; flicker < 2; flicker++) {
        await pool.query(`delete from ${table.name} where id = 5`);
        await polls.next(({ rows }) => rows === 0);
        await pool.query(`insert into ${table.name} select * from ${table.name}_copy where id = 5`);
        await polls.next(({ rows }) => rows === 1);
        // Longer than a fault takes to be confirmed.
        expect(await Promise.race([next, nothingWithin(SLOW_CONFIRM_MS + 100)])).toBe("nothing");
      }
      await insertEach(pool, table, ["6"]);
      expect(await next).toEqual(["6"]);
      await stream.close();
    });
  });

  describe("rows that vanished with the connection that read them", () => {
    // What a crash of the server does that has not yet written its log, or a failover to a replica that lags.
    async function vanish(pool: Pool, table: EventsTable, above: number): Promise<void> {
      await pool.query(`delete from ${table.name} where id > ${above}`);
      await pool.query(`alter table ${table.name} auto_increment = ${above + 1}`);
      await killOthers(pool, engine.database);
    }

    // Catches a cache that outlives its connection: a slow stream would be given events that never were.
    test("are given to no stream from memory, and the stream that had them is ended", async () => {
      const pool = await engine.createRawPool();
      const observer = { error: () => undefined };
      const table = await makeTable(pool, { ...SOON, limit: 2, observer });
      await insertEach(pool, table, ["1", "2", "3", "4", "lost", "lost", "lost", "lost"]);
      const [slow, fast] = [table.stream(pool, ""), table.stream(pool, "")];
      expect(await take(slow, 2)).toEqual(["1", "2"]);
      expect(await take(fast, 8)).toEqual(idRange(1, 8));
      const fastEnd = fast.next();
      // Both read through one connection, which the fast one uses until it is gone.
      await vanish(pool, table, 4);
      await expect(fastEnd).rejects.toMatchObject({ code: "cursor_ahead", details: { cursor: "8" } });
      await insertEach(pool, table, ["new 5", "new 6"]);
      const seen = await takeEvents(slow, 4);
      expect(seen.map(({ foreignId }) => foreignId)).toEqual(["3", "4", "new 5", "new 6"]);
      await slow.close();
    });

    // Catches a cache that only a fault empties: here no stream stands where the rows were.
    test("are given to no stream from memory, though nobody had to be ended", async () => {
      const pool = await engine.createRawPool();
      const options = { ...SOON, limit: 2, observer: { error: () => undefined } };
      const [table, neighbour] = [await makeTable(pool, options), await makeTable(pool, options)];
      await insertEach(pool, table, ["1", "2", "3", "4", "lost", "lost", "lost", "lost"]);
      const [slow, fast, other] = [table.stream(pool, ""), table.stream(pool, ""), neighbour.stream(pool, "")];
      expect(await take(slow, 2)).toEqual(["1", "2"]);
      expect(await take(fast, 8)).toEqual(idRange(1, 8));
      await fast.close();
      // All streams of a database read through one connection: the neighbour's finds out that it is gone.
      await other.start();
      const noticed = take(other, 1);
      await vanish(pool, table, 4);
      const writer = await engine.createRawPool();
      await insertEach(writer, neighbour, ["1"]);
      expect(await noticed).toEqual(["1"]);
      await insertEach(writer, table, ["new 5", "new 6"]);
      const seen = await takeEvents(slow, 4);
      expect(seen.map(({ foreignId }) => foreignId)).toEqual(["3", "4", "new 5", "new 6"]);
      await slow.close();
      await other.close();
    });

    // Catches a read-ahead that is handed over though its connection is gone.
    test("are not handed over from a page that was read ahead", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { ...SOON, limit: 4, observer: { error: () => undefined } });
      await insertEach(pool, table, ["1", "2", "3", "4", "lost", "lost", "lost", "lost"]);
      const [slow, fast] = [table.stream(pool, ""), table.stream(pool, "")];
      // At the end of a full page the next one is asked for: 5 to 8.
      expect(await take(slow, 1)).toEqual(["1"]);
      expect(await take(fast, 8)).toEqual(idRange(1, 8));
      const fastEnd = fast.next();
      await vanish(pool, table, 4);
      await expect(fastEnd).rejects.toMatchObject({ code: "cursor_ahead" });
      await insertEach(pool, table, ["new 5"]);
      const seen = await takeEvents(slow, 4);
      expect(seen.map(({ foreignId }) => foreignId)).toEqual(["2", "3", "4", "new 5"]);
      await slow.close();
    });
  });
});

/** What a stream delivers until it fails. */
async function untilError(stream: EventStream): Promise<{ seen: ReflexEvent[]; error: unknown }> {
  const seen: ReflexEvent[] = [];
  try {
    for await (const event of stream) seen.push(event);
  } catch (error) {
    return { seen, error };
  }
  return { seen, error: undefined };
}
