import { getEventListeners } from "node:events";
import type { Pool } from "mysql2/promise";
import { describe, expect, test } from "vitest";
import { describeEachEngine, describeEachServer, type EnginePool } from "../../../test/servers/engines.ts";
import { isReflexError } from "../../reflex/errors.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import type { ErrorReport, StallReport } from "../../reflex/observer.ts";
import type { EventStream } from "../../reflex/stream.ts";
import { EventsTable } from "../events-table.ts";
import type { EventsTableOptions } from "../events-table-options.ts";
import { createTables } from "../schema/table-schema.ts";

let tables = 0;

async function makeTable(pool: EnginePool, options: EventsTableOptions = {}): Promise<EventsTable> {
  const table = new EventsTable(`stream_events_${++tables}`, options);
  await createTables(pool, [table]);
  return table;
}

async function take(stream: EventStream, count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const { done, value } = await stream.next();
    if (done === true) break;
    ids.push((value as ReflexEvent).id);
  }
  return ids;
}

async function rest(stream: EventStream): Promise<string[]> {
  const ids: string[] = [];
  for await (const event of stream) ids.push(event.id);
  return ids;
}

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
  /** Opens a transaction that has inserted one event and not committed. */
  async function openInsert(pool: Pool, table: EventsTable) {
    const connection = await pool.getConnection();
    await connection.beginTransaction();
    await table.insert(connection, "late", 1);
    return {
      commit: async () => {
        await connection.commit();
        connection.release();
      },
    };
  }

  describe("a stream at a hole", () => {
    test("holds at the table's start until row 1 commits, though row 2 is visible", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      const late = await openInsert(pool, table);
      await table.insert(pool, "early", 1);
      const stream = table.stream(pool, "");
      const first = take(stream, 2);
      // A second stream to the head waits at the same hole: it is not the head.
      const toHead = rest(table.stream(pool, "0", { toHead: true }));
      await expect(Promise.race([first, toHead, after(300)])).resolves.toBe("nothing");
      await late.commit();
      expect(await first).toEqual(["1", "2"]);
      expect(await toHead).toEqual(["1", "2"]);
      await stream.close();
    });

    test("delivers what is below it and says within 5 s what it waits for, and when it goes on", async () => {
      const reports: StallReport[] = [];
      let stalled: () => void = () => undefined;
      const told = new Promise<void>((resolve) => {
        stalled = resolve;
      });
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, {
        observer: {
          stall: (report) => {
            reports.push(report);
            stalled();
          },
        },
      });
      await table.insert(pool, "a", 1);
      const late = await openInsert(pool, table);
      await table.insert(pool, "c", 1);
      const stream = table.stream(pool, "");
      expect(await take(stream, 1)).toEqual(["1"]);
      const pending = take(stream, 2);
      await told;
      expect(reports[0]).toMatchObject({
        state: "stalled",
        table: table.name,
        prev: "1",
        next: "3",
        reason: "in_flight",
      });
      expect(reports[0]?.message).toContain("row 2");
      expect(reports[0]?.waitedMs).toBeLessThan(6000);
      await late.commit();
      expect(await pending).toEqual(["2", "3"]);
      expect(reports.map(({ state }) => state)).toEqual(["stalled", "resumed"]);
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
    test("rejects with the signal's own reason, at once, and leaves no listener behind", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      const controller = new AbortController();
      const stream = table.stream(pool, "", { signal: controller.signal });
      const pending = stream.next();
      const reason = new Error("enough");
      controller.abort(reason);
      await expect(pending).rejects.toBe(reason);
      expect(await stream.next()).toEqual({ done: true, value: undefined });
      expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    });

    test("ends a pending read when it is closed", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      const stream = table.stream(pool, "");
      const pending = stream.next();
      await stream.close();
      await stream.close();
      expect(await pending).toEqual({ done: true, value: undefined });
    });

    test("has one reader", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      const stream = table.stream(pool, "");
      stream[Symbol.asyncIterator]();
      expect(() => stream.batches()).toThrow(/has a reader already/);
      expect(() => stream[Symbol.asyncIterator]()).toThrow(TypeError);
      await stream.close();
    });

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

    test("opens nothing until it is read", async () => {
      const pool = await engine.createRawPool();
      const table = new EventsTable("no_such_table");
      const stream = table.stream(pool, "");
      await expect(stream.next()).rejects.toSatisfy((error) => isReflexError(error, "wrong_schema"));
    });

    test("goes on after its connection was killed, and reports it", async () => {
      const errors: ErrorReport[] = [];
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { observer: { error: (report) => errors.push(report) } });
      await table.insert(pool, "a", 1);
      const stream = table.stream(pool, "");
      expect(await take(stream, 1)).toEqual(["1"]);
      const pending = take(stream, 1);
      await killOthers(pool, engine.database);
      await table.clone().insert(pool, "b", 1);
      expect(await pending).toEqual(["2"]);
      expect(errors.length).toBeGreaterThan(0);
      expect(errors[0]).toMatchObject({ activity: "stream", name: table.name });
      await stream.close();
    });

    test("shares one connection among a hundred", async () => {
      const pool = await engine.createRawPool({ connectionLimit: 3 });
      const table = await makeTable(pool);
      await table.insertMany(
        pool,
        Array.from({ length: 20 }, () => ({ foreignId: "x", type: 1 })),
      );
      const streams = Array.from({ length: 100 }, () => table.stream(pool, ""));
      const all = await Promise.all(streams.map((stream) => take(stream, 20)));
      expect(new Set(all.map((ids) => ids.join())).size).toBe(1);
      expect(all[0]).toHaveLength(20);
      await Promise.all(streams.map((stream) => stream.close()));
      await table.insert(pool, "after", 1);
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

function after(delayMs: number): Promise<"nothing"> {
  return new Promise((resolve) => {
    setTimeout(() => resolve("nothing"), delayMs);
  });
}

async function killOthers(pool: Pool, database: string): Promise<void> {
  const connection = await pool.getConnection();
  const [rows] = (await connection.query(
    "select id from information_schema.processlist where db = ? and id <> connection_id()",
    [database],
  )) as unknown as [{ id?: number; ID?: number }[]];
  for (const row of rows) await connection.query(`kill ${row.id ?? row.ID}`).catch(() => undefined);
  connection.release();
}
