import { expect, test } from "vitest";
import { describeEachEngine } from "../../../test/support/servers/engines.ts";
import { cursorSettings, Signal, watch } from "../../../test/support/tables/cursor-setting.ts";
import { CURSOR_STATEMENT_SIZES } from "./cursor-statements.ts";

const [, SECOND_SIZE] = CURSOR_STATEMENT_SIZES;
const LARGEST_SIZE = Math.max(...CURSOR_STATEMENT_SIZES);

describeEachEngine((engine) => {
  const setUp = cursorSettings(engine);

  test("cursors are written when the period is over, and not before", async () => {
    const { db, table, periods, flushed, stored } = await setUp();
    await table.setCursor(db, "a", "1");
    await table.setCursor(db, "a", "2");
    await table.setCursor(db, "b", "7");
    expect(await stored()).toEqual({});
    expect(periods.started).toBe(1);
    periods.end();
    await flushed.next();
    expect(await stored()).toEqual({ a: "2", b: "7" });
    await table.setCursor(db, "a", "3");
    expect(periods.started).toBe(2);
    periods.end();
    await flushed.next();
    expect(await stored()).toEqual({ a: "3", b: "7" });
  });

  test.each([
    [1, 1],
    [SECOND_SIZE, 1],
    [SECOND_SIZE + 1, 1],
    [LARGEST_SIZE, 1],
    [LARGEST_SIZE + 1, 2],
  ])("%i cursors are written in %i statements, at first and later", async (count, statements) => {
    const { db, table, watched, raw } = await setUp();
    const consumers = Array.from({ length: count }, (_, index) => `consumer ${index}`);
    const written: unknown[] = [];
    const told = table.clone({ onSetCursor: (cursor) => void written.push(cursor) });
    await Promise.all(consumers.map((consumer) => told.setCursor(db, consumer, "1")));
    await told.flush();
    expect(watched.writes.splice(0)).toHaveLength(statements);
    await Promise.all(consumers.map((consumer, index) => told.setCursor(db, consumer, String(index + 2))));
    await told.flush();
    expect(watched.writes).toHaveLength(statements);
    const [rows] = await raw.query(
      `select count(*) as n, min(last_event_id) as low, max(last_event_id) as high from ${table.name}`,
    );
    expect(rows).toEqual([{ n: count, low: 2, high: count + 1 }]);
    expect(written).toHaveLength(2 * count);
    expect(new Set(written.map((cursor) => JSON.stringify(cursor))).size).toBe(2 * count);
  });

  test("the number of statement texts stays small, whatever the number of consumers", async () => {
    const { db, table, watched } = await setUp();
    for (let count = 1; count <= 12; count++) {
      await Promise.all(Array.from({ length: count }, (_, index) => table.setCursor(db, `${count} ${index}`, "1")));
      await table.flush();
      await Promise.all(Array.from({ length: count }, (_, index) => table.setCursor(db, `${count} ${index}`, "2")));
      await table.flush();
    }
    expect(watched.writes).toHaveLength(24);
    // Those that insert, and those that move.
    expect(new Set(watched.writes).size).toBeLessThanOrEqual(2 * CURSOR_STATEMENT_SIZES.length);
  });

  test("a flush waits for a write under way, and writes what was set during it", async () => {
    const { db, table, watched, stored } = await setUp();
    await table.setCursor(db, "a", "1");
    const [reached, open] = [new Signal(), new Signal()];
    watched.around = async (run) => {
      reached.give();
      await open.next();
      return run();
    };
    const first = table.flush();
    await reached.next();
    await table.setCursor(db, "a", "2");
    await table.setCursor(db, "b", "3");
    let done = false;
    const second = table.flush().finally(() => {
      done = true;
    });
    expect(await stored()).toEqual({});
    expect(done).toBe(false);
    for (let statement = 0; statement < 3; statement++) open.give();
    await first;
    await second;
    expect(await stored()).toEqual({ a: "2", b: "3" });
  });

  test("getCursor writes that consumer's cursor first, and no other", async () => {
    const { db, table, stored } = await setUp();
    await table.setCursor(db, "a", "1");
    await table.setCursor(db, "b", "1");
    expect(await table.getCursor(db, "a")).toBe("1");
    expect(await stored()).toEqual({ a: "1" });
  });

  test("reading a cursor while it is set and written loses nothing and accuses no one", async () => {
    const { db, table, stored, errors } = await setUp();
    for (let cursor = 1; cursor <= 40; cursor++) {
      const set = table.setCursor(db, "a", String(cursor));
      const reads = [table.getCursor(db, "a"), table.getCursor(db, "a")];
      await Promise.all([set, table.flush(), ...reads]);
    }
    await table.flush();
    expect(await stored()).toEqual({ a: "40" });
    expect(errors).toEqual([]);
  });

  test("onSetCursor that throws or rejects is reported, and keeps nothing from being written", async () => {
    const failing = [
      () => {
        throw new Error("thrown");
      },
      () => Promise.reject(new Error("rejected")),
    ];
    const onSetCursor = (): unknown => failing.shift()?.();
    const { db, table, stored, errors } = await setUp({ onSetCursor });
    await table.setCursor(db, "a", "1");
    await table.setCursor(db, "b", "2");
    await table.flush();
    expect(await stored()).toEqual({ a: "1", b: "2" });
    expect(errors.map(({ activity, error }) => `${activity} ${String(error)}`).toSorted()).toEqual([
      "onSetCursor Error: rejected",
      "onSetCursor Error: thrown",
    ]);
  });

  test("a sleep that fails is reported, and a timer takes its place", async () => {
    const { db, table, stored, errors, flushed } = await setUp({
      asyncPeriodMs: 1,
      sleep: () => Promise.reject(new Error("no sleep")),
    });
    await table.setCursor(db, "a", "1");
    await flushed.next();
    expect(await stored()).toEqual({ a: "1" });
    expect(errors).toMatchObject([{ activity: "sleep", error: { message: "no sleep" } }]);
  });

  test("one table object keeps the cursors of two databases apart", async () => {
    const { db, pool, table, watched, stored } = await setUp();
    const other = watch(pool);
    await table.setCursor(db, "a", "1");
    await table.setCursor(other.database, "b", "2");
    await table.toStore(db).flush();
    expect(await stored()).toEqual({ a: "1" });
    await table.flush();
    expect(await stored()).toEqual({ a: "1", b: "2" });
    expect([watched.writes.length, other.writes.length]).toEqual([1, 1]);
  });

  test("a clone shares nothing, and a store with options is one", async () => {
    const { db, table, stored } = await setUp();
    const store = table.toStore(db);
    const own = table.toStore(db, { asyncPeriodMs: 0, sleep: undefined });
    await table.setCursor(db, "a", "1");
    await store.setCursor("b", "1");
    await own.setCursor("c", "1");
    await table.clone().flush();
    expect(await stored()).toEqual({ c: "1" });
    await store.flush();
    expect(await stored()).toEqual({ a: "1", b: "1", c: "1" });
    expect(await own.getCursor("a")).toBe("1");
  });

  test("an option that is undefined in clone() keeps the table's own", async () => {
    const { db, table, stored } = await setUp({ asyncPeriodMs: 0 });
    await table.clone({ asyncPeriodMs: undefined }).setCursor(db, "a", "1");
    expect(await stored()).toEqual({ a: "1" });
  });

  test("close writes, may be called again, and leaves the table usable", async () => {
    const { db, table, stored, watched } = await setUp();
    {
      await using scoped = table;
      await scoped.setCursor(db, "a", "1");
    }
    expect(await stored()).toEqual({ a: "1" });
    await Promise.all([table.close(), table.close()]);
    expect(watched.writes).toHaveLength(1);
    await table.setCursor(db, "a", "2");
    await table.toStore(db)[Symbol.asyncDispose]();
    expect(await stored()).toEqual({ a: "2" });
  });
});
