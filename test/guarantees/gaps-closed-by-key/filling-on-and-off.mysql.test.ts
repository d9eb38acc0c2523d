import { createPool, type Pool, type PoolConnection } from "mysql2/promise";
import { type ErrorReport, type EventsTable, fillGaps, type Gap, stopFillingGaps } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { describeEachServer } from "../../support/servers/engines.ts";
import { untilRunning } from "../../support/servers/server-state.ts";
import { startTcpProxy } from "../../support/servers/tcp-proxy.ts";
import { insertAroundGap, leaveGap, noopIds, Reports } from "../../support/streams/gaps.ts";
import { makeTable, nothingWithin, openInsert, take } from "../../support/streams/streams.ts";

/** Leaves a gap at 2, with a lock on it that lets nobody insert there. */
async function lockGap(pool: Pool, table: EventsTable): Promise<PoolConnection> {
  await insertAroundGap(pool, table);
  const locker = await pool.getConnection();
  await locker.query("set session transaction isolation level repeatable read");
  await locker.beginTransaction();
  await locker.query(`select id from ${table.name} where id > 1 and id < 3 for update`);
  return locker;
}

const untilFilling = (pool: Pool): Promise<void> => untilRunning(pool, { text: "insert ignore" });

describeEachServer((engine) => {
  describe("a gap listener", () => {
    // Catches a memory of the last gap only, which two streams at two gaps wipe out for each other, and a reader's own.
    test("is called once for each gap, however many streams stand at it, whenever they start", async () => {
      const pool = await engine.createRawPool();
      const gaps = new Reports<Gap>();
      const table = await makeTable(pool);
      table.listenGaps(gaps.add);
      const first = await openInsert(pool, table);
      await table.insert(pool, "2", 1);
      const second = await openInsert(pool, table);
      await table.insert(pool, "4", 1);
      const starts = ["", "2", "", "2"];
      const streams = starts.map((after) => table.stream(pool, after));
      const pending = streams.map((stream) => take(stream, 1));
      const own = table.stream(pool, "", { gaps: { graceMs: 0 } });
      const ownPending = take(own, 1);
      await gaps.first(({ prev }) => prev === "0");
      await gaps.first(({ prev }) => prev === "2");
      await nothingWithin(300);
      await Promise.all([...streams, own].map((stream) => stream.close()));
      await Promise.all([...pending, ownPending]);
      const late = table.stream(pool, "");
      const all = take(late, 3);
      await first.rollback();
      await second.commit();
      expect(await all).toEqual(["2", "3", "4"]);
      expect(gaps.all).toHaveLength(2);
      expect(gaps.all).toEqual(
        expect.arrayContaining([
          { prev: "0", next: "2" },
          { prev: "2", next: "4" },
        ]),
      );
      await late.close();
    });

    // Catches a call outside any try, and a stopped listener that a reader still holds.
    test("that throws is reported and stops neither the stream nor other listeners; a stopped one hears nothing", async () => {
      const pool = await engine.createRawPool();
      const errors = new Reports<ErrorReport>();
      const gaps = new Reports<Gap>();
      const table = await makeTable(pool, { observer: { error: errors.add } });
      const broken = new Error("the listener broke");
      table.listenGaps(() => {
        throw broken;
      });
      table.listenGaps(gaps.add);
      const stream = table.stream(pool, "");
      await leaveGap(pool, table);
      await table.insert(pool, "2", 1);
      expect(await take(stream, 1)).toEqual(["2"]);
      expect(errors.all).toMatchObject([{ activity: "gap listener", name: table.name, error: broken }]);
      expect(gaps.all).toEqual([{ prev: "0", next: "2" }]);
      table.stopGapListener();
      await leaveGap(pool, table);
      await table.insert(pool, "4", 1);
      expect(await take(stream, 1)).toEqual(["4"]);
      expect(gaps.all).toHaveLength(1);
      expect(errors.all).toHaveLength(1);
      await stream.close();
    });

    // Catches a stream with options of its own whose gaps nobody hears of.
    test("hears of the gaps of a stream that has gap options of its own", async () => {
      const pool = await engine.createRawPool();
      const gaps = new Reports<Gap>();
      const table = await makeTable(pool);
      table.listenGaps(gaps.add);
      await leaveGap(pool, table);
      await table.insert(pool, "2", 1);
      const stream = table.stream(pool, "", { gaps: { graceMs: 0 } });
      expect(await take(stream, 1)).toEqual(["2"]);
      expect(gaps.all).toEqual([{ prev: "0", next: "2" }]);
      await stream.close();
    });
  });

  describe("after stopFillingGaps", () => {
    // Catches a stop that reaches only the readers that exist, only the table's own, or that lasts for ever.
    test("no stream of the table inserts noops, until fillGaps", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      const running = table.stream(pool, "");
      const own = table.stream(pool, "", { gaps: { graceMs: 0 } });
      await table.insert(pool, "1", 1);
      expect(await take(running, 1)).toEqual(["1"]);
      expect(await take(own, 1)).toEqual(["1"]);
      await stopFillingGaps(table);
      await leaveGap(pool, table);
      await table.insert(pool, "3", 1);
      const later = table.stream(pool, "");
      const waiting = [take(running, 1), take(own, 1), take(later, 2)];
      expect(await Promise.race([...waiting, nothingWithin(400)])).toBe("nothing");
      expect(await noopIds(pool, table)).toEqual([]);
      fillGaps(pool, table);
      expect(await Promise.all(waiting)).toEqual([["3"], ["3"], ["1", "3"]]);
      expect(await noopIds(pool, table)).toEqual(["2"]);
      await Promise.all([running, own, later].map((stream) => stream.close()));
    });

    // Catches a check at the beginning of a step only: the insert would come after the promise that none does.
    test("a step that was asking for open transactions inserts no noop either", async () => {
      const pool = await engine.createRawPool();
      await using proxy = await startTcpProxy(engine.socketPath);
      const probe = createPool(proxy.url(engine.database));
      const table = await makeTable(pool, { gaps: { graceMs: 0, probe: [probe] } });
      await leaveGap(pool, table);
      await table.insert(pool, "2", 1);
      const asked = new Promise<void>((resolve) => {
        proxy.onCommand((packet) => {
          if (!packet.includes(" between ")) return;
          proxy.pause();
          resolve();
        });
      });
      const stream = table.stream(pool, "");
      const pending = take(stream, 1);
      await asked;
      await stopFillingGaps(table);
      proxy.resume();
      expect(await Promise.race([pending, nothingWithin(300)])).toBe("nothing");
      expect(await noopIds(pool, table)).toEqual([]);
      await stream.close();
      await probe.end();
    });
  });

  describe("stopFillingGaps", () => {
    // Catches a promise that never settles where nobody fills, and one that takes anything for a table.
    test("resolves at once when nothing is filled, again and again", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await stopFillingGaps(table);
      await stopFillingGaps(table, { timeoutMs: 1 });
      await expect(stopFillingGaps({})).rejects.toThrow(TypeError);
    });

    // Catches a stop that resolves while an insert of noops is under way, and a wait that its signal doesn't end.
    test("waits for what is under way, as long as its signal lets it", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { gaps: { graceMs: 0 } });
      const locker = await lockGap(pool, table);
      const stream = table.stream(pool, "1");
      const pending = take(stream, 1);
      await untilFilling(pool);
      const reason = new Error("enough");
      const controller = new AbortController();
      const aborted = stopFillingGaps(table, { signal: controller.signal });
      const stopped = stopFillingGaps(table).then(() => "stopped");
      controller.abort(reason);
      await expect(aborted).rejects.toBe(reason);
      expect(await Promise.race([stopped, nothingWithin(50)])).toBe("nothing");
      expect(await stopped).toBe("stopped");
      await locker.rollback();
      locker.destroy();
      expect(await Promise.race([pending, nothingWithin(300)])).toBe("nothing");
      expect(await noopIds(pool, table)).toEqual([]);
      await stream.close();
    });

    // Catches a fill that is never over when its stream ends in the middle of it.
    test("does not wait for an insert of noops whose stream was closed", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { gaps: { graceMs: 0 } });
      const locker = await lockGap(pool, table);
      const stream = table.stream(pool, "1");
      const pending = take(stream, 1);
      await untilFilling(pool);
      await stream.close();
      expect(await pending).toEqual([]);
      await stopFillingGaps(table, { timeoutMs: 10_000 });
      await locker.rollback();
      locker.destroy();
      expect(await noopIds(pool, table)).toEqual([]);
    });
  });
});
