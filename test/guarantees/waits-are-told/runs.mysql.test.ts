import { setTimeout as delay } from "node:timers/promises";
import type { Pool, PoolConnection } from "mysql2/promise";
import {
  CursorsTable,
  createConsumer,
  createTables,
  EventsTable,
  type Observer,
  run,
  runForever,
  type StallReport,
} from "reflex-rsql";
import { describe, expect, type TestContext, test } from "vitest";
import { describeEachEngine, describeEachServer, type Engine, type EnginePool } from "../../support/servers/engines.ts";
import { leaveGap, Reports } from "../../support/streams/gaps.ts";
import { isResumed } from "../../support/streams/stalls.ts";

let tables = 0;

/** Tables of their own with one event, the reports of stalls, and a signal that ends the test's runs. */
async function scene(engine: Engine, { onTestFinished }: Pick<TestContext, "onTestFinished">, connectionLimit = 10) {
  const admin = await engine.createRawPool();
  const pool = await engine.createPool({ connectionLimit });
  const number = ++tables;
  const events = new EventsTable(`told_events_${number}`);
  const cursors = new CursorsTable(`told_cursors_${number}`, { asyncPeriodMs: 0 });
  await createTables(admin, [events, cursors]);
  await events.insert(admin, "1", 1);
  const stalls = new Reports<StallReport>();
  const observer: Observer = { stall: stalls.add, error: () => undefined };
  const ending = new AbortController();
  const { signal } = ending;
  onTestFinished(() => ending.abort());
  const spec = { stream: events.toStream(pool), cursors: cursors.toStore(pool) };
  return { admin, pool, events, cursors, stalls, observer, signal, spec };
}

/** Locks a table against writes. Returns what unlocks it. */
async function lockAgainstWrites(admin: Pool, table: string): Promise<() => Promise<void>> {
  const locker: PoolConnection = await admin.getConnection();
  await locker.query(`lock tables ${table} read`);
  return async () => {
    await locker.query("unlock tables");
    locker.release();
  };
}

const ofMailer = ({ consumer }: StallReport): boolean => consumer === "mailer";
const nothing = (): void => undefined;

describeEachEngine((engine) => {
  // Catches a handler that waits for ever for a connection that the library and it itself hold.
  test("a run is stalled on a handler whose pool is drained, and not for one that just takes long", async (context) => {
    const { pool, stalls, observer, signal, spec } = await scene(engine, context, 3);
    const other = await scene(engine, context);
    const slow = runForever(
      { ...other.spec, consumer: { name: "sleeper", consume: () => delay(60_000, undefined, { signal }) } },
      { observer, signal },
    );
    slow.catch(nothing);
    const taken: Awaited<ReturnType<EnginePool["getConnection"]>>[] = [];
    const running = runForever(
      {
        ...spec,
        consumer: {
          name: "mailer",
          consume: async () => {
            for (let count = 0; count < 3; count++) taken.push(await pool.getConnection());
          },
        },
      },
      { observer, signal },
    );
    running.catch(nothing);
    const stall = await stalls.first(ofMailer);
    expect(stall).toMatchObject({ state: "stalled", reason: "no_connection", prev: "0" });
    expect(stall.message).toMatch(/its work on event 1/);
    expect(running.status()).toMatchObject({ state: "stalled", event: "1", stalledOn: { reason: "no_connection" } });
    expect(slow.status()).toMatchObject({ state: "handling", event: "1" });
    expect(stalls.all.filter(({ consumer }) => consumer === "sleeper")).toEqual([]);
    await taken.pop()?.release();
    expect(await stalls.first((report) => ofMailer(report) && isResumed(report))).toMatchObject({
      reason: "no_connection",
    });
    for (const connection of taken) await connection.release();
  });
});

// Side by side: each of them waits for 4 s.
describeEachServer((engine) => {
  describe.concurrent("a run that waits says so within 5 s, on what, and when it goes on:", () => {
    // Catches a run that never begins, in silence, since its first cursor can't be written.
    test("for its first cursor to be written", async (context) => {
      const { admin, cursors, stalls, observer, signal, spec } = await scene(engine, context);
      const unlock = await lockAgainstWrites(admin, cursors.name);
      const consumed = new Reports<string>();
      const running = run(
        { ...spec, consumer: { name: "mailer", consume: ({ id }) => consumed.add(id) } },
        { observer, signal },
      );
      running.catch(nothing);
      const stall = await stalls.first(ofMailer);
      expect(stall).toMatchObject({ state: "stalled", reason: "locked", consumer: "mailer" });
      expect(stall.message).toMatch(/^consumer mailer has waited \d s for its first cursor to be written: /);
      expect(stall.waitedMs).toBeLessThan(5000);
      expect(running.status()).toMatchObject({ state: "stalled", stalledOn: { reason: "locked" } });
      await unlock();
      expect(await consumed.first()).toBe("1");
      expect(await stalls.first((report) => ofMailer(report) && isResumed(report))).toMatchObject({ reason: "locked" });
    });

    // Catches a run that dies after 10 s, having said nothing before.
    test("for a connection to begin with", async (context) => {
      const { pool, stalls, observer, signal, spec } = await scene(engine, context, 2);
      const lent = [await pool.getConnection(), await pool.getConnection()];
      const consumed = new Reports<string>();
      const running = runForever(
        { ...spec, consumer: { name: "mailer", consume: ({ id }) => consumed.add(id) } },
        { observer, signal },
      );
      running.catch(nothing);
      expect(await stalls.first(ofMailer)).toMatchObject({ state: "stalled", reason: "no_connection" });
      expect(running.status()).toMatchObject({ state: "stalled", stalledOn: { reason: "no_connection" } });
      for (const connection of lent) await connection.release();
      expect(await consumed.first()).toBe("1");
      expect(await stalls.first((report) => ofMailer(report) && isResumed(report))).toMatchObject({
        reason: "no_connection",
      });
    });

    // Catches a status that calls a consumer healthy, and no longer late, whose stream stands at a gap.
    test("in its stream, which the stream itself tells", async (context) => {
      const { admin, pool, events, stalls, observer, signal, spec } = await scene(engine, context);
      await leaveGap(admin, events);
      await events.insert(admin, "3", 1);
      const consumed = new Reports<string>();
      const consumer = createConsumer("mailer", ({ id }) => consumed.add(id), { lagAlertMs: 0 });
      const running = runForever(
        { ...spec, stream: events.toStream(pool, { gaps: false }), consumer },
        { observer, signal },
      );
      running.catch(nothing);
      // The run's observer hears of it, since the table has none of its own.
      expect(await stalls.first()).toMatchObject({ prev: "1", reason: "filling_off" });
      await expect.poll(() => running.status().state).toBe("stalled");
      const stalledOn = { reason: "filling_off" };
      expect(consumer.status()).toMatchObject({ state: "stalled", position: "1", stalledOn, lagAlert: true });
      expect(stalls.all.filter(ofMailer)).toEqual([]);
    });

    // Catches a consumer that stands still in silence behind an event that it has consumed.
    test("for its cursor to be moved", async (context) => {
      const { admin, cursors, stalls, observer, signal, spec } = await scene(engine, context);
      let unlock = async (): Promise<void> => undefined;
      const consume = async (): Promise<void> => {
        unlock = await lockAgainstWrites(admin, cursors.name);
      };
      const running = runForever({ ...spec, consumer: { name: "mailer", consume } }, { observer, signal });
      running.catch(nothing);
      const stall = await stalls.first(ofMailer);
      expect(stall).toMatchObject({ state: "stalled", reason: "locked", prev: "0" });
      expect(stall.message).toMatch(/its cursor to be moved to 1/);
      await unlock();
      expect(await stalls.first((report) => ofMailer(report) && isResumed(report))).toMatchObject({ reason: "locked" });
    });
  });
});
