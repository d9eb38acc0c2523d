import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type AroundStatement, watchedDatabase } from "../../../test/support/databases/watched-database.ts";
import { allOf } from "../../../test/support/events/all-of.ts";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { idRange, Reports } from "../../../test/support/streams/gaps.ts";
import { killOthers, makeTable, rest, take, takeEvents } from "../../../test/support/streams/streams.ts";
import type { Database } from "../../database/database.ts";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { isReflexError } from "../../errors/reflex-error.ts";
import type { GapReport, PollReport } from "../../reflex/observer.ts";
import type { EventsTable } from "../events-table.ts";
import { setFaultConfirmMs } from "../reader/confirm-time.ts";
import { DEFAULT_MEMORY_MIB, eventMemory } from "./event-memory.ts";
import { setEventMemoryMiB } from "./set-event-memory.ts";

const MIB = 1024 * 1024;
const LONG = 512 * 1024;
const FIELDS = { metadataField: "metadata", traceField: "trace" } as const;
// Position faults in tests are confirmed soon.
const CONFIRM_MS = 100;

/** The database, where `once` is done before long values are asked for the first time. */
function beforeLongValues(pool: DatabaseHandle, once: () => Promise<unknown>): Database {
  let done = false;
  const around: AroundStatement = async ({ sql }, send) => {
    if (!done && sql.includes(" in (cast(?")) {
      done = true;
      await once();
    }
    return send();
  };
  return watchedDatabase(pool, around);
}

/** Inserts events, every `each`th of them with long metadata. */
async function insertLong(
  pool: DatabaseHandle,
  table: EventsTable,
  { count, each = 1 }: { count: number; each?: number },
): Promise<void> {
  const events = Array.from({ length: count }, (_, index) => ({
    foreignId: `f${index + 1}`,
    type: 1,
    metadata: Buffer.alloc((index + 1) % each === 0 ? LONG : 1, index),
  }));
  for (let from = 0; from < count; from += 10) await table.insertMany(pool, events.slice(from, from + 10));
}

describeEachServer((engine) => {
  beforeAll(() => setFaultConfirmMs(CONFIRM_MS));
  afterAll(() => setFaultConfirmMs());
  afterEach(() => setEventMemoryMiB(DEFAULT_MEMORY_MIB));

  describe("a row that is gone before its long values were read", () => {
    // Catches a stream that passes it by without a word, and one that delivers it without its values.
    test("is a gap like any other, and the stream goes on behind it", async () => {
      const pool = await engine.createRawPool();
      const gaps = new Reports<GapReport>();
      const table = await makeTable(pool, { ...FIELDS, observer: { gap: gaps.add } });
      await insertLong(pool, table, { count: 6, each: 3 });
      const db = beforeLongValues(pool, () => pool.query(`delete from ${table.name} where id = 3`));
      expect(await rest(table.stream(db, "", { toHead: true }))).toEqual(["1", "2", "4", "5", "6"]);
      expect(gaps.all).toEqual([{ table: table.name, prev: "2", next: "4" }]);
      expect(eventMemory.heldBytes).toBe(0);
    });

    // Catches retention that deletes unread rows in silence.
    test("and all before it too, ends the stream with history_pruned", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, FIELDS);
      await insertLong(pool, table, { count: 8 });
      const stream = table.stream(
        beforeLongValues(pool, () => pool.query(`delete from ${table.name} where id < 6`)),
        "2",
      );
      await expect(stream.next()).rejects.toSatisfy((error) => isReflexError(error, "history_pruned"));
      expect(eventMemory.heldBytes).toBe(0);
    });

    // Catches values of another history under the ids of the one that was read.
    test("and is another one by now, ends the stream with history_rewritten", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, FIELDS);
      await insertLong(pool, table, { count: 8 });
      const replaced = async (): Promise<void> => {
        await pool.query(`truncate ${table.name}`);
        await table.insertMany(
          pool,
          Array.from({ length: 9 }, () => ({ foreignId: "other", type: 1, metadata: Buffer.alloc(LONG) })),
        );
      };
      const stream = table.stream(beforeLongValues(pool, replaced), "2");
      await expect(stream.next()).rejects.toSatisfy((error) => isReflexError(error, "history_rewritten"));
      expect(eventMemory.heldBytes).toBe(0);
    });
  });

  describe("rows that reads by ids do not get, though pages show them", () => {
    // As with the limit that a server sets for statements that have none of their own.
    const limitedReads = (pool: DatabaseHandle): Database =>
      watchedDatabase(pool, async ({ sql }, send) => {
        const answer = await send();
        return (sql.includes(" in (cast(?") ? (answer as unknown[]).slice(0, 1) : answer) as typeof answer;
      });
    // As with a proxy that sends some statements to a server that lags.
    const lostReads = (pool: DatabaseHandle): Database =>
      watchedDatabase(pool, async ({ sql }, send) => {
        const answer = await send();
        return (sql.includes(" in (cast(?") ? [] : answer) as typeof answer;
      });

    // Catches a stream that asks for them again and again, as fast as it can, and tells nobody.
    test.each([
      ["all but the first one", limitedReads],
      ["all of them", lostReads],
    ])("are delivered with few statements: %s", async (_, wrap) => {
      const pool = await engine.createRawPool();
      const polls: PollReport[] = [];
      const table = await makeTable(pool, { ...FIELDS, observer: { poll: (poll) => polls.push(poll) } });
      const [count, each] = [20, 4];
      await insertLong(pool, table, { count, each });
      const stream = table.stream(wrap(pool), "");
      const events = await takeEvents(stream, count);
      await stream.close();
      expect(events.map(({ id, metadata }) => `${id} ${metadata?.byteLength}`)).toEqual(
        idRange(1, count).map((id) => `${id} ${Number(id) % each === 0 ? LONG : 1}`),
      );
      expect(eventMemory.heldBytes).toBe(0);
      expect(polls.length).toBeLessThanOrEqual((count / each) * 4 + 2);
    });

    // Catches the setting itself, which cuts off answers of statements without a limit.
    test("are delivered where the session has a sql_select_limit", async () => {
      const admin = await engine.createRawPool();
      const table = await makeTable(admin, FIELDS);
      const [count, limit] = [60, 20];
      const events = Array.from({ length: count }, () => ({
        foreignId: "x",
        type: 1,
        metadata: Buffer.alloc(LONG / 16),
      }));
      await table.insertMany(admin, events);
      const pool = await engine.createRawPool();
      pool.pool.on("connection", (connection) => connection.query(`set sql_select_limit = ${limit}`));
      const stream = table.stream(pool, "");
      expect(await take(stream, count)).toEqual(idRange(1, count));
      await stream.close();
    });
  });

  // Catches values that were read on a connection after the one whose page they belong to was lost.
  test("long values whose connection is killed are read again with their page", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool, { ...FIELDS, observer: { error: () => undefined } });
    await insertLong(pool, table, { count: 40, each: 2 });
    const db = beforeLongValues(pool, () => killOthers(pool, engine.database));
    const events = await allOf(table.stream(db, "", { toHead: true }));
    expect(eventMemory.heldBytes).toBe(0);
    expect(events.map(({ id, metadata }) => `${id} ${metadata?.byteLength}`)).toEqual(
      idRange(1, 40).map((id) => `${id} ${Number(id) % 2 === 0 ? LONG : 1}`),
    );
  });

  // Catches streams that know of nothing but their own memory.
  test("streams at many places hold no more long values together than they may, and one piece", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool, FIELDS);
    const [streams, each] = [10, 6];
    await insertLong(pool, table, { count: streams * each });
    setEventMemoryMiB(16);
    let most = 0;
    const read = async (place: number): Promise<string[]> => {
      const stream = table.stream(pool, String(place * each));
      const ids: string[] = [];
      while (ids.length < each) {
        ids.push(...(await take(stream, 1)));
        most = Math.max(most, eventMemory.heldBytes);
        // Another stream's turn, while this one's consumer works on the event.
        await new Promise(setImmediate);
      }
      await stream.close();
      return ids;
    };
    const ids = await Promise.all(Array.from({ length: streams }, (_, place) => read(place)));
    expect(ids.flat()).toEqual(idRange(1, streams * each));
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(2 * MIB + LONG);
    expect(eventMemory.heldBytes).toBe(0);
  });

  // Catches a stream of small events that waits for seconds before each of its pieces, for as long as a consumer works.
  test("a stream of smaller events does not wait while another's consumer works on a large one", async () => {
    const pool = await engine.createRawPool();
    const small = await makeTable(pool, FIELDS);
    const metadata = Buffer.alloc(MIB / 8);
    await small.insertMany(
      pool,
      Array.from({ length: 20 }, () => ({ foreignId: "small", type: 1, metadata })),
    );
    setEventMemoryMiB(16);
    const large = eventMemory.take(9 * MIB);
    const waits = vi.spyOn(eventMemory, "room");
    expect(await rest(small.stream(pool, "", { toHead: true }))).toEqual(idRange(1, 20));
    expect(waits).not.toHaveBeenCalled();
    waits.mockRestore();
    large.release();
    expect(eventMemory.heldBytes).toBe(0);
  });

  // Catches one that waits for memory that it holds itself, and blames others for it.
  test("a stream does not read long values early that have no room beside its own", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool, { ...FIELDS, limit: 1 });
    await insertLong(pool, table, { count: 4 });
    setEventMemoryMiB(2);
    let reads = 0;
    const around: AroundStatement = ({ sql }, send) => {
      if (sql.includes(table.name)) reads++;
      return send();
    };
    const stream = table.stream(watchedDatabase(pool, around), "");
    await take(stream, 1);
    const readsUntilThen = reads;
    for (let turns = 0; turns < 20; turns++) await pool.query("select 1");
    expect(reads).toBe(readsUntilThen);
    expect(await take(stream, 3)).toEqual(["2", "3", "4"]);
    await stream.close();
    expect(eventMemory.heldBytes).toBe(0);
  });

  // Catches one whose anchor keeps the values of the event that it is at.
  test("a stream that waits at the head holds nothing", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool, FIELDS);
    await insertLong(pool, table, { count: 2 });
    const stream = table.stream(pool, "");
    await take(stream, 2);
    const next = take(stream, 1);
    await expect.poll(() => eventMemory.heldBytes).toBe(0);
    await insertLong(pool, table, { count: 1 });
    expect(await next).toEqual(["3"]);
    await stream.close();
    expect(eventMemory.heldBytes).toBe(0);
  });
});
