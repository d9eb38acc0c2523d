import type { Pool } from "mysql2/promise";
import { createTables, EventsTable, type EventsTableOptions, fillGaps } from "reflex-rsql";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { StallReport } from "../../../src/reflex/observer.ts";
import { setFaultConfirmMs } from "../../../src/tables/reader/confirm-time.ts";
import { describeEachServer } from "../../support/servers/engines.ts";
import { type Replication, startReplication } from "../../support/servers/replication.ts";
import { insertAroundGap, leaveGap, Reports, storedTypes } from "../../support/streams/gaps.ts";
import { makeTable, nothingWithin, take } from "../../support/streams/streams.ts";

interface WatchedTable {
  readonly table: EventsTable;
  readonly stalls: readonly StallReport[];
  /** The first stall. */
  readonly told: Promise<StallReport>;
  readonly resumed: Promise<StallReport>;
}

/** A table whose stalls are kept. */
function watched(name: string, options: EventsTableOptions = {}): WatchedTable {
  const stalls = new Reports<StallReport>();
  const first = (wanted: StallReport["state"]): Promise<StallReport> => stalls.first(({ state }) => state === wanted);
  const table = new EventsTable(name, { ...options, observer: { stall: stalls.add } });
  return { table, stalls: stalls.all, told: first("stalled"), resumed: first("resumed") };
}

describeEachServer((engine) => {
  const { vendor } = engine;
  let replication: Replication;
  let primary: Pool;
  let replica: Pool;

  beforeAll(async () => {
    replication = await startReplication(vendor);
    primary = replication.primary.pool;
    replica = replication.replica.pool;
  });

  afterAll(async () => {
    await replication[Symbol.asyncDispose]();
  });

  /** An event, a gap that a rollback left, and another event, on both servers. */
  async function makeGap(table: EventsTable): Promise<void> {
    await createTables(primary, [table]);
    await insertAroundGap(primary, table);
    await replication.caughtUp();
  }

  describe("a replica that takes writes", () => {
    // Catches a filler that goes by read_only alone; the primary's own row 2 would then end the replication.
    test("is known by its signs, and no noop is written to it", async () => {
      const { table } = watched("writable_replica");
      await makeGap(table);
      const stream = table.stream(replica, "");
      expect(await take(stream, 1)).toEqual(["1"]);
      const pending = take(stream, 1);
      await expect(Promise.race([pending, nothingWithin(500)])).resolves.toBe("nothing");
      expect(await storedTypes(replica, table)).toEqual([1, 1]);
      expect(await replication.state()).toEqual({ applies: true, error: "" });
      fillGaps(primary, table);
      expect(await pending).toEqual(["3"]);
      expect(await storedTypes(replica, table)).toEqual([1, 0, 1]);
      expect(await replication.state()).toEqual({ applies: true, error: "" });
      await stream.close();
    });
  });

  // Side by side, since each waits for 5 s until a stall is told.
  describe.concurrent("a stream", () => {
    beforeAll(async () => {
      await makeGap(new EventsTable("read_only_replica"));
      await replica.query("set global read_only = 1");
      const lagging = new EventsTable("lagging");
      await createTables(primary, [lagging, new EventsTable("ahead")]);
      await lagging.insert(primary, "a", 1);
      await replication.caughtUp();
    });

    // Catches noops by a user who may write in spite of read_only.
    test("from a read-only replica holds and says so, even as root, until fillGaps names the primary", async () => {
      const { table, told, resumed } = watched("read_only_replica");
      const stream = table.stream(replica, "");
      expect(await take(stream, 1)).toEqual(["1"]);
      const pending = take(stream, 1);
      expect(await told).toMatchObject({ state: "stalled", prev: "1", next: "3", reason: "not_writable" });
      expect((await told).message).toMatch(/read-only.*primary/);
      expect(await storedTypes(replica, table)).toEqual([1, 1]);
      fillGaps(primary, table);
      expect(await pending).toEqual(["3"]);
      await resumed;
      expect(await storedTypes(primary, table)).toEqual([1, 0, 1]);
      await replication.caughtUp();
      expect(await storedTypes(replica, table)).toEqual([1, 0, 1]);
      expect(await replication.state()).toEqual({ applies: true, error: "" });
      await stream.close();
    });

    // Catches a cursor that is taken for lost because the replica has not got its row yet.
    test("from a replica that lags behind the cursor waits for it where the primary is declared, and else ends once confirmed", async () => {
      const { table, stalls, told } = watched("lagging", { gaps: { primary } });
      setFaultConfirmMs(300);
      onTestFinished(() => setFaultConfirmMs());
      await replication.stopApplying();
      try {
        await table.insert(primary, "b", 1);
        const stream = table.stream(replica, "2");
        const pending = take(stream, 1);
        const undeclared = new EventsTable("lagging").stream(replica, "2");
        await expect(undeclared.next()).rejects.toMatchObject({ code: "cursor_ahead", details: { cursor: "2" } });
        expect(await told).toMatchObject({ state: "stalled", prev: "2", next: "", reason: "lagging" });
        await replication.startApplying();
        await table.insert(primary, "c", 1);
        expect(await pending).toEqual(["3"]);
        expect(stalls.map(({ state }) => state)).toEqual(["stalled", "resumed"]);
        await stream.close();
      } finally {
        await replication.startApplying();
      }
    });

    // Catches a primary whose word is not asked for, so that a cursor that is really ahead waits for ever.
    test("from a replica ends at once where the declared primary has not got the cursor's row either", async () => {
      const { table } = watched("ahead", { gaps: { primary } });
      await expect(table.stream(replica, "7").next()).rejects.toMatchObject({ code: "cursor_ahead" });
    });

    // Catches noops at ids that mean nothing there, which then take the place of that table's own events.
    test("does not have noops written to a declared primary that is another: with other rows, or with none", async () => {
      const pool = await engine.createRawPool();
      const holder = await makeTable(pool);
      await insertAroundGap(pool, holder);

      const others = [];
      for (const rows of [["x", "y", "z"], []]) {
        const database = `${engine.database}_${rows.length}`;
        await pool.query(`create database ${database}`);
        const other = await engine.createRawPool({ database });
        await createTables(other, [holder]);
        for (const foreignId of rows) await holder.insert(other, foreignId, 1);
        await other.query(`delete from ${holder.name} where id = 2`);
        const { table, told } = watched(holder.name, { gaps: { primary: other } });
        const stream = table.stream(pool, "");
        expect(await take(stream, 1)).toEqual(["1"]);
        others.push({ database, other, told, stream, pending: take(stream, 1) });
      }
      const [differing, empty] = others;
      expect(await differing?.told).toMatchObject({ reason: "unproven", prev: "1", next: "3" });
      expect((await differing?.told)?.message).toMatch(/other rows.*primary/);
      expect(await empty?.told).toMatchObject({ reason: "lagging", prev: "1", next: "3" });
      for (const [index, { database, other, stream, pending }] of others.entries()) {
        await expect(Promise.race([pending, nothingWithin(50)])).resolves.toBe("nothing");
        expect(await storedTypes(other, holder)).toEqual(index === 0 ? [1, 1] : []);
        await stream.close();
        await other.query(`drop database ${database}`);
      }
    });
  });

  describe("a replica that was made the primary", () => {
    // Catches a declared primary that is refused for its past, and fillGaps that changes nothing when it names the server
    // that streams read from.
    test("has its gaps closed once fillGaps names it, if not at once", async () => {
      await replication.caughtUp();
      await replica.query("stop replica");
      await replica.query("reset replica all");
      await replica.query("set global read_only = 0");
      const { table } = watched("promoted");
      await createTables(replica, [table]);
      await leaveGap(replica, table);
      await table.insert(replica, "b", 1);
      const stream = table.stream(replica, "");
      const pending = take(stream, 1);
      // MariaDB remembers where it was in its primary's log; MySQL forgets.
      if (vendor === "mariadb") {
        await expect(Promise.race([pending, nothingWithin(300)])).resolves.toBe("nothing");
        fillGaps(replica, table);
      }
      expect(await pending).toEqual(["2"]);
      await stream.close();
    });
  });
});

describeEachServer((engine) => {
  describe("a server named as the primary that is not the one of the events", () => {
    // Catches a stream that retries for ever, or ends with an error of the driver that names no remedy.
    test("and has no such table, ends the stream with an error that says so", async () => {
      const pool = await engine.createRawPool();
      const holder = await makeTable(pool);
      await leaveGap(pool, holder);
      await holder.insert(pool, "c", 1);
      const database = `${engine.database}_bare`;
      await pool.query(`create database ${database}`);
      const bare = await engine.createRawPool({ database });
      const stream = new EventsTable(holder.name, { gaps: { primary: bare } }).stream(pool, "");
      await expect(stream.next()).rejects.toMatchObject({
        code: "wrong_schema",
        message: expect.stringContaining(holder.name) as string,
      });
      await bare.query(`drop database ${database}`);
    });
  });
});
