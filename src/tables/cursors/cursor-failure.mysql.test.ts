import { expect, test } from "vitest";
import { describeEachEngine } from "../../../test/support/servers/engines.ts";
import { cursorSettings, Signal } from "../../../test/support/tables/cursor-setting.ts";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { createTables } from "../schema/table-schema.ts";
import { CURSOR_STATEMENT_SIZES } from "./cursor-statements.ts";
import { CursorsTable } from "./cursors-table.ts";

const LARGEST_SIZE = Math.max(...CURSOR_STATEMENT_SIZES);

describeEachEngine((engine) => {
  const setUp = cursorSettings(engine);

  test("a failed flush is reported with when it comes again, and then writes everything", async () => {
    const { db, table, watched, periods, errors, reported, flushed, stored } = await setUp({ asyncPeriodMs: 1234 });
    await table.setCursor(db, "a", "1");
    watched.around = () => Promise.reject(new Error("no server"));
    periods.end();
    await reported.next();
    expect(errors).toMatchObject([
      { activity: "flush", name: table.name, retryInMs: 1234, error: { code: "database_error" } },
    ]);
    await table.setCursor(db, "a", "2");
    expect(periods.started).toBe(2);
    watched.around = (run) => run();
    periods.end();
    await flushed.next();
    expect(await stored()).toEqual({ a: "2" });
  });

  // Catches a flush that has waited behind that of close(), and starts the timer anew for ever.
  test("once close() has failed, nothing is tried again", async () => {
    const { db, table, watched, periods, reported } = await setUp({ asyncPeriodMs: 1234 });
    await table.setCursor(db, "a", "1");
    let fail = (): void => undefined;
    const failing = new Promise<never>((_resolve, reject) => {
      fail = () => reject(new Error("no server"));
    });
    watched.around = () => failing;
    const closing = table.close().catch((error: unknown) => error);
    periods.end();
    const told = reported.next();
    fail();
    expect(await closing).toMatchObject({ code: "database_error" });
    await told;
    expect(periods.started).toBe(1);
    await table.setCursor(db, "a", "2");
    expect(periods.started).toBe(2);
  });

  test("a row that someone has locked keeps no other from being written, and is written later", async () => {
    const { table, raw, stored } = await setUp();
    const names = Array.from({ length: 30 }, (_, index) => `consumer ${String(index).padStart(2, "0")}`);
    const pool = (await engine.createPool(
      engine.driver === "mysql2"
        ? { connectionLimit: 2 }
        : { connectionLimit: 2, sessionVariables: { innodb_lock_wait_timeout: 1 } },
    )) as DatabaseHandle;
    if (engine.driver === "mysql2") {
      const events = pool as unknown as {
        pool: { on(name: "connection", listener: (c: { query(sql: string): void }) => void): void };
      };
      events.pool.on("connection", (connection) => connection.query("set innodb_lock_wait_timeout = 1"));
    }
    for (const name of names) await table.setCursor(pool, name, "1");
    await table.flush();
    const locker = await raw.getConnection();
    await locker.query("begin");
    await locker.query(`update ${table.name} set updated_at = utc_timestamp(6) where id = 'consumer 07'`);
    for (const name of names) await table.setCursor(pool, name, "2");
    await expect(table.flush()).rejects.toMatchObject({ code: "database_error" });
    const expected = Object.fromEntries(names.map((name) => [name, name === "consumer 07" ? "1" : "2"]));
    expect(await stored()).toEqual(expected);
    await locker.query("rollback");
    locker.release();
    await table.flush();
    expect(await stored()).toEqual({ ...expected, "consumer 07": "2" });
  });

  test.each([20, 300])("a row that is not to be written, locked in a table of %i, is not waited for", async (rows) => {
    const { db, table, raw, stored } = await setUp();
    const names = Array.from({ length: rows }, (_, index) => `consumer ${String(index).padStart(3, "0")}`);
    for (const name of names) await table.setCursor(db, name, "1");
    await table.flush();
    const locker = await raw.getConnection();
    await locker.query("begin");
    await locker.query(`update ${table.name} set updated_at = utc_timestamp(6) where id = 'consumer 000'`);
    const due = names.slice(1, rows / 2);
    for (const name of due) await table.setCursor(db, name, "2");
    await table.flush({ timeoutMs: 5000 });
    expect(Object.values(await stored()).filter((cursor) => cursor === "2")).toHaveLength(due.length);
    await locker.query("rollback");
    locker.release();
  });

  test("a cursor that the server refuses keeps no other from being written", async () => {
    const { db, table, raw, stored } = await setUp();
    await raw.query(`alter table ${table.name} add constraint ${table.name}_check check (last_event_id <> 13)`);
    for (let index = 0; index < 25; index++) await table.setCursor(db, `consumer ${index}`, String(index));
    await expect(table.flush()).rejects.toMatchObject({ code: "database_error" });
    expect(Object.keys(await stored())).toHaveLength(24);
    for (let index = 0; index < 25; index++) await table.setCursor(db, `consumer ${index}`, String(index + 100));
    await table.flush();
    expect(await stored()).toMatchObject({ "consumer 13": "113", "consumer 24": "124" });
  });

  test("what one statement wrote before another failed is remembered as written", async () => {
    const { db, table, watched, stored, errors } = await setUp();
    for (let index = 0; index < LARGEST_SIZE + 100; index++) await table.setCursor(db, `consumer ${index}`, "1");
    await table.flush();
    for (let index = 0; index < LARGEST_SIZE + 100; index++) await table.setCursor(db, `consumer ${index}`, "2");
    const before = watched.writes.length;
    watched.around = (run) => (watched.writes.length === before + 2 ? Promise.reject(new Error("gone")) : run());
    await expect(table.flush()).rejects.toMatchObject({ code: "database_error" });
    expect(Object.values(await stored()).filter((cursor) => cursor === "2")).toHaveLength(LARGEST_SIZE);
    watched.around = (run) => run();
    for (let index = 0; index < LARGEST_SIZE + 100; index++) await table.setCursor(db, `consumer ${index}`, "3");
    await table.flush();
    expect(new Set(Object.values(await stored()))).toEqual(new Set(["3"]));
    expect(errors).toEqual([]);
  });

  test("set at once, a failed write is not held back: the same cursor can be set again", async () => {
    const { db, table, watched, stored } = await setUp({ asyncPeriodMs: 0 });
    await table.setCursor(db, "a", "1");
    watched.around = () => Promise.reject(new Error("no server"));
    await expect(table.setCursor(db, "a", "2")).rejects.toMatchObject({ code: "database_error" });
    watched.around = (run) => run();
    await table.flush();
    expect(await stored()).toEqual({ a: "1" });
    await table.setCursor(db, "a", "2");
    expect(await stored()).toEqual({ a: "2" });
  });

  test("a closed table tries no more, even after a write that failed while it was closed", async () => {
    const { db, table, watched, periods } = await setUp();
    await table.setCursor(db, "a", "1");
    const [reached, open] = [new Signal(), new Signal()];
    watched.around = async () => {
      reached.give();
      await open.next();
      throw new Error("no server");
    };
    periods.end();
    await reached.next();
    const closing = table.close();
    open.give();
    open.give();
    await expect(closing).rejects.toMatchObject({ code: "database_error" });
    const writes = watched.writes.length;
    periods.end();
    await new Promise(setImmediate);
    expect(watched.writes).toHaveLength(writes);
  });

  test("one database that can't be reached does not cut short the flush of another", async () => {
    const one = await setUp();
    const two = await setUp();
    const table = new CursorsTable("cursors_of_both", { sleep: () => new Promise(() => undefined) });
    await createTables(one.pool, [table]);
    await table.setCursor(one.db, "a", "1");
    await table.setCursor(two.db, "b", "1");
    one.watched.around = () => Promise.reject(new Error("no server"));
    const [reached, open] = [new Signal(), new Signal()];
    two.watched.around = async (run) => {
      reached.give();
      await open.next();
      return run();
    };
    let ended = false;
    const flush = table.flush().finally(() => {
      ended = true;
    });
    await reached.next();
    await new Promise(setImmediate);
    expect(ended).toBe(false);
    open.give();
    await expect(flush).rejects.toMatchObject({ code: "database_error" });
    const [rows] = await two.raw.query("select id from cursors_of_both");
    expect(rows).toEqual([{ id: "b" }]);
    await two.raw.query("drop table cursors_of_both");
  });
});
