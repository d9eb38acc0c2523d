import type { Pool, RowDataPacket } from "mysql2/promise";
import {
  type Consumer,
  CursorsTable,
  type CursorsTableOptions,
  createTables,
  ErrorsTable,
  EventsTable,
  type Observer,
  type Running,
  type RunState,
  runForever,
  type StallReport,
} from "reflex-rsql";
import { createDeadLetterConsumer } from "reflex-rsql/patterns";
import { describe, expect, type TestContext, test, vi } from "vitest";
import { describeEachServer, type Engine } from "../../support/servers/engines.ts";
import { Reports } from "../../support/streams/gaps.ts";
import { isResumed } from "../../support/streams/stalls.ts";

let tables = 0;

/** Tables of their own with one event, the reports of stalls, and runs that end with the test. */
async function scene(
  engine: Engine,
  { onTestFinished }: Pick<TestContext, "onTestFinished">,
  options: CursorsTableOptions = {},
) {
  const pool = await engine.createRawPool();
  const number = ++tables;
  const events = new EventsTable(`kept_events_${number}`);
  const changesTable = `kept_changes_${number}`;
  const cursors = new CursorsTable(`kept_cursors_${number}`, { changesTable, ...options });
  const errors = new ErrorsTable({ tableName: `kept_errors_${number}` });
  await createTables(pool, [events, cursors, errors]);
  await events.insert(pool, "1", 1);
  const stalls = new Reports<StallReport>();
  const observer: Observer = { stall: stalls.add, error: () => undefined };
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  const store = cursors.toStore(pool);
  const runs = (name: string, consumer: Consumer = { name, consume: () => undefined }): Running => {
    const spec = { stream: events.toStream(pool), cursors: store, consumer };
    const running = runForever(spec, { observer, signal: ending.signal });
    running.catch(() => undefined);
    return running;
  };
  return { pool, events, cursors, errors, stalls, observer, store, runs, changesTable };
}

/** Resolves once that is so. Tests that run side by side can't use `expect.poll`. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  await vi.waitUntil(isSo, { timeout: 10_000, interval: 20 });
}

/** Resolves once the consumer has a cursor that is written. */
async function begun(pool: Pool, cursors: CursorsTable, name: string): Promise<void> {
  await until(async () => (await cursors.getCursor(pool, name)) === "1");
}

async function inState(running: Running, state: RunState): Promise<void> {
  await until(() => running.status().state === state);
}

// Side by side: each of them waits for some seconds.
describeEachServer((engine) => {
  describe.concurrent("what the library does with cursors by itself, and nobody awaits, is told if it waits:", () => {
    // Catches a flush that hangs in silence for as long as a statement may take, while runs say that all is well.
    test("LOCK TABLES ... WRITE, once for all runs, with their status, and when they go on", async (context) => {
      const { pool, events, cursors, stalls, runs } = await scene(engine, context);
      const runnings = [runs("mailer"), runs("biller")];
      for (const name of ["mailer", "biller"]) await begun(pool, cursors, name);
      const locker = await pool.getConnection();
      await locker.query(`lock tables ${cursors.name} write`);
      await events.insert(pool, "2", 1);
      const stall = await stalls.first();
      expect(stall).toMatchObject({ state: "stalled", reason: "locked", table: cursors.name, prev: "", next: "" });
      expect(stall.consumer).toBeUndefined();
      if (engine.vendor === "mysql") expect(stall.blockedBy).toMatchObject({ threadId: String(locker.threadId) });
      for (const running of runnings) {
        await inState(running, "stalled");
        expect(running.status()).toMatchObject({ position: "2", stalledOn: { reason: "locked" } });
      }
      await locker.query("unlock tables");
      locker.release();
      expect(await stalls.first(isResumed)).toMatchObject({ table: cursors.name, reason: "locked" });
      for (const running of runnings) await inState(running, "waiting");
      expect(stalls.all.map(({ state }) => state)).toEqual(["stalled", "resumed"]);
    });

    // Catches a watch on locks of tables only.
    test("a lock on the consumer's row, and whose it is", async (context) => {
      const { pool, events, cursors, stalls, runs } = await scene(engine, context);
      const running = runs("mailer");
      await begun(pool, cursors, "mailer");
      const locker = await pool.getConnection();
      await locker.query("begin");
      await locker.query(`select * from ${cursors.name} where id = 'mailer' for update`);
      await events.insert(pool, "2", 1);
      const stall = await stalls.first();
      expect(stall).toMatchObject({ state: "stalled", reason: "locked", table: cursors.name });
      expect(stall.message).toMatch(/cursors to be written/);
      expect(stall.blockedBy).toMatchObject({ threadId: String(locker.threadId) });
      expect(running.status()).toMatchObject({ state: "stalled", stalledOn: { reason: "locked" } });
      await locker.query("commit");
      locker.release();
      expect(await stalls.first(isResumed)).toMatchObject({ table: cursors.name });
      await inState(running, "waiting");
    });

    // Catches a run that would not hear of a pause or a reset, with nothing held back that had to be written.
    test("looks for requests", async (context) => {
      const { pool, cursors, stalls, runs } = await scene(engine, context, { asyncPeriodMs: 0 });
      const running = runs("mailer");
      await begun(pool, cursors, "mailer");
      const locker = await pool.getConnection();
      await locker.query(`lock tables ${cursors.name} write`);
      const stall = await stalls.first();
      expect(stall).toMatchObject({ state: "stalled", reason: "locked", table: cursors.name });
      expect(stall.message).toMatch(/requests to be looked for/);
      expect(running.status()).toMatchObject({ state: "stalled", stalledOn: { reason: "locked" } });
      await locker.query("unlock tables");
      locker.release();
      expect(await stalls.first(isResumed)).toMatchObject({ table: cursors.name });
      await inState(running, "waiting");
    });

    // Catches an answer that hangs in the record of changes, under a consumer that was paused and stays so in silence.
    test("the record of an answer", async (context) => {
      const { pool, cursors, stalls, runs, changesTable } = await scene(engine, context);
      const running = runs("mailer");
      await begun(pool, cursors, "mailer");
      await cursors.pause(pool, "mailer");
      await inState(running, "paused");
      const [rowLocker, locker] = [await pool.getConnection(), await pool.getConnection()];
      await rowLocker.query("begin");
      await rowLocker.query(`select * from ${cursors.name} where id = 'mailer' for update`);
      const resuming = cursors.resume(pool, "mailer", { waitMs: 0 });
      const recorded = `select count(*) as found from ${changesTable} where kind = 'resume'`;
      await until(async () => (await pool.query<RowDataPacket[]>(recorded))[0][0]?.["found"] === 1);
      await locker.query(`lock tables ${changesTable} write`);
      await rowLocker.query("commit");
      await resuming;
      const stall = await stalls.first(({ message }) => /requests to be answered/.test(message));
      expect(stall).toMatchObject({ state: "stalled", reason: "locked", table: cursors.name });
      await locker.query("unlock tables");
      for (const one of [rowLocker, locker]) one.release();
      expect(await stalls.first(isResumed)).toMatchObject({ table: cursors.name });
      await inState(running, "waiting");
    });

    // Catches a dead-letter consumer that stands still behind its own record, as if its work took long.
    test("an error to be recorded", async (context) => {
      const { pool, errors, stalls, observer, runs } = await scene(engine, context);
      const own = new ErrorsTable({ tableName: errors.name, observer });
      const locker = await pool.getConnection();
      await locker.query(`lock tables ${errors.name} write`);
      const failing = { name: "mailer", consume: () => Promise.reject(new Error("no such address")) };
      void runs("mailer", createDeadLetterConsumer(failing, { errors: own.toErrorInserter(pool), retries: 0 }));
      const stall = await stalls.first();
      expect(stall).toMatchObject({ state: "stalled", reason: "locked", table: errors.name });
      expect(stall.message).toMatch(/errors to be recorded/);
      await locker.query("unlock tables");
      locker.release();
      expect(await stalls.first(isResumed)).toMatchObject({ table: errors.name, reason: "locked" });
      expect(await errors.list(pool)).toMatchObject([{ consumer: "mailer", eventId: "1" }]);
    });
  });
});
