import { describe, expect, test } from "vitest";
import { describeEachEngine, type Engine } from "../../test/servers/engines.ts";
import type { Database } from "../database/database.ts";
import type { DatabaseHandle } from "../database/handles.ts";
import { toDatabase } from "../database/recognise.ts";
import { ReflexError } from "../reflex/errors.ts";
import type { ErrorReport } from "../reflex/observer.ts";
import { CursorsTable } from "./cursors-table.ts";
import type { CursorsTableOptions } from "./cursors-table-options.ts";
import { createTables } from "./schema/table-schema.ts";

/** Stands in for the timer: the test decides when a period is over. */
class Periods {
  readonly #ends: (() => void)[] = [];
  readonly sleep = (): Promise<void> => new Promise((resolve) => void this.#ends.push(resolve));

  get started(): number {
    return this.#ends.length;
  }

  end(): void {
    this.#ends.at(-1)?.();
  }
}

/** A database whose statements are counted, and can be held up or replaced. */
interface Watched {
  readonly database: Database;
  readonly writes: string[];
  around: (run: () => ReturnType<Database["run"]>) => ReturnType<Database["run"]>;
}

function watch(handle: DatabaseHandle): Watched {
  const real = toDatabase(handle);
  const watched: Watched = {
    writes: [],
    around: (run) => run(),
    database: {
      identity: {},
      dialect: real.dialect,
      run: (sql, params, options) => {
        watched.writes.push(sql);
        return watched.around(() => real.run(sql, params, options));
      },
      rows: (sql, params, options) => real.rows(sql, params, options),
      session: (use, options) => real.session(use, options),
      transaction: (use, options) => real.transaction(use, options),
    },
  };
  return watched;
}

let tables = 0;

describeEachEngine((engine) => {
  let pools: ReturnType<typeof createPools> | undefined;

  // One for all tests: the mariadb driver opens all connections of a pool at once.
  async function createPools() {
    return { pool: (await engine.createPool()) as DatabaseHandle, raw: await engine.createRawPool() };
  }

  async function setUp(options: CursorsTableOptions = {}) {
    tables += 1;
    const { pool, raw } = await (pools ??= createPools());
    const watched = watch(pool);
    const periods = new Periods();
    const errors: ErrorReport[] = [];
    const reported = new Signal();
    const flushed = new Signal();
    const table = new CursorsTable(`cursors_${tables}`, {
      sleep: periods.sleep,
      observer: {
        flush: () => flushed.give(),
        error: (report) => {
          errors.push(report);
          reported.give();
        },
      },
      ...options,
    });
    await createTables(pool, [table]);
    const stored = async (): Promise<Record<string, string>> => {
      const [rows] = await raw.query(`select id, cast(last_event_id as char) as cursor_text from ${table.name}`);
      const pairs = (rows as { id: string; cursor_text: string }[]).map((row) => [row.id, row.cursor_text] as const);
      return Object.fromEntries(pairs);
    };
    return { pool, watched, db: watched.database, periods, errors, reported, flushed, table, raw, stored };
  }

  describe("held back", () => registerHeldBack(setUp));
  describe("compare and set", () => registerCompareAndSet(setUp, engine));
  describe("failures", () => registerFailures(setUp, engine));
  describe("limits", () => registerLimits(setUp));
});

/** Something that a test waits for. */
class Signal {
  readonly #waiting: (() => void)[] = [];
  #given = 0;

  give(): void {
    this.#given += 1;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async next(): Promise<void> {
    if (this.#given === 0) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    this.#given -= 1;
  }
}

interface Setting {
  readonly pool: DatabaseHandle;
  readonly watched: Watched;
  readonly db: Database;
  readonly periods: Periods;
  readonly errors: ErrorReport[];
  readonly reported: Signal;
  readonly flushed: Signal;
  readonly table: CursorsTable;
  readonly raw: Awaited<ReturnType<Engine["createRawPool"]>>;
  stored(): Promise<Record<string, string>>;
}

type SetUp = (options?: CursorsTableOptions) => Promise<Setting>;

function registerHeldBack(setUp: SetUp): void {
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
    [10, 1],
    [11, 1],
    [200, 1],
    [1000, 1],
    [1500, 2],
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
    expect(new Set(watched.writes).size).toBe(6);
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
    const second = table.flush().then(() => {
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
    const { db, table, stored, errors } = await setUp({ onSetCursor: () => failing.shift()?.() });
    await table.setCursor(db, "a", "1");
    await table.setCursor(db, "b", "2");
    await table.flush();
    expect(await stored()).toEqual({ a: "1", b: "2" });
    expect(errors.map(({ activity, error }) => `${activity} ${String(error)}`).sort()).toEqual([
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
}

function registerCompareAndSet(setUp: SetUp, engine: Engine): void {
  test.each([
    ["moved it beyond", "update {table} set last_event_id = 50 where id = 'a'", { a: "50", b: "6" }, "50"],
    ["set it back", "update {table} set last_event_id = 2 where id = 'a'", { a: "2", b: "6" }, "2"],
    ["removed it", "delete from {table} where id = 'a'", { b: "6" }, ""],
  ])(
    "where someone %s, theirs is kept and told to that consumer once, and others are written",
    async (_, sql, kept, existing) => {
      const { db, table, raw, stored, errors } = await setUp();
      await table.setCursor(db, "a", "5");
      await table.setCursor(db, "b", "5");
      await table.flush();
      await raw.query(sql.replace("{table}", table.name));
      await table.setCursor(db, "a", "6");
      await table.setCursor(db, "b", "6");
      await table.flush();
      expect(await stored()).toEqual(kept);
      const conflict = { code: "cursor_not_advanced", details: { consumer: "a", cursor: "6", existing } };
      expect(errors).toMatchObject([{ activity: "flush", error: conflict }]);
      // A look at the cursor by someone else must not hide the loss from the consumer.
      expect(await table.getCursor(db, "a")).toBe(existing);
      await table.setCursor(db, "b", "7");
      await expect(table.setCursor(db, "a", "7")).rejects.toMatchObject(conflict);
      await table.flush();
      expect(await stored()).toEqual({ ...kept, b: "7" });
      await table.setCursor(db, "a", "51");
      await table.flush();
      expect(await stored()).toEqual({ a: "51", b: "7" });
      expect(errors).toHaveLength(1);
    },
  );

  test("a first cursor that someone else was faster to write is kept theirs", async () => {
    const { db, table, stored } = await setUp();
    await table.setCursor(db, "a", "1");
    await table.setCursor(db, "b", "1");
    const other = table.clone({ asyncPeriodMs: 0 });
    await other.setCursor(db, "a", "9");
    await table.flush();
    expect(await stored()).toEqual({ a: "9", b: "1" });
    await expect(table.setCursor(db, "a", "10")).rejects.toMatchObject({ details: { existing: "9", cursor: "1" } });
  });

  test("a cursor that is already where it was to go counts as written", async () => {
    const { db, table, raw, stored, errors } = await setUp();
    const written: unknown[] = [];
    const told = table.clone({ onSetCursor: (cursor) => void written.push(cursor) });
    await told.setCursor(db, "new", "1");
    await told.setCursor(db, "known", "1");
    await told.flush();
    written.length = 0;
    await told.setCursor(db, "known", "2");
    await told.setCursor(db, "newer", "2");
    await raw.query(`update ${table.name} set last_event_id = 2 where id = 'known'`);
    await raw.query(`insert into ${table.name} (id, last_event_id, updated_at) values ('newer', 2, utc_timestamp(6))`);
    await told.flush();
    expect(written).toEqual(
      expect.arrayContaining([
        { consumer: "known", cursor: "2" },
        { consumer: "newer", cursor: "2" },
      ]),
    );
    expect(written).toHaveLength(2);
    await told.setCursor(db, "known", "3");
    await told.setCursor(db, "newer", "3");
    await told.flush();
    expect(await stored()).toEqual({ new: "1", known: "3", newer: "3" });
    expect(errors).toEqual([]);
  });

  test.each(["first", "later"])(
    "a %s write whose answer was lost is recognised, though a newer cursor was set meanwhile",
    async (which) => {
      const { db, table, watched, stored, errors } = await setUp();
      if (which === "later") {
        await table.setCursor(db, "a", "1");
        await table.flush();
      }
      await table.setCursor(db, "a", "2");
      watched.around = async (run) => {
        await run();
        throw new ReflexError("commit_outcome_unknown", "the answer was lost");
      };
      await expect(table.flush()).rejects.toMatchObject({ code: "commit_outcome_unknown" });
      expect(await stored()).toEqual({ a: "2" });
      await table.setCursor(db, "a", "3");
      watched.around = (run) => run();
      await table.flush();
      expect(await stored()).toEqual({ a: "3" });
      expect(errors).toEqual([]);
    },
  );

  test("set at once, a write whose answer was lost can be followed by the same cursor or the next", async () => {
    const { db, table, watched, stored } = await setUp({ asyncPeriodMs: 0 });
    await table.setCursor(db, "a", "1");
    for (const [lost, next] of [
      ["2", "2"],
      ["3", "4"],
    ] as const) {
      watched.around = async (run) => {
        await run();
        throw new ReflexError("commit_outcome_unknown", "the answer was lost");
      };
      await expect(table.setCursor(db, "a", lost)).rejects.toMatchObject({ code: "commit_outcome_unknown" });
      watched.around = (run) => run();
      await table.setCursor(db, "a", next);
      expect(await stored()).toEqual({ a: next });
    }
  });

  test("a pool that counts changed rows instead of found ones behaves the same", async () => {
    const { table, raw, stored, errors } = await setUp();
    const pool = await engine.createRawPool({ flags: ["-FOUND_ROWS"], connectionLimit: 3 });
    const other = table.clone();
    for (const cursor of ["1", "2", "3"]) {
      await other.setCursor(pool, "a", cursor);
      await other.setCursor(pool, "b", cursor);
      await other.flush();
    }
    expect(await stored()).toEqual({ a: "3", b: "3" });
    await raw.query(`update ${table.name} set last_event_id = 9 where id = 'a'`);
    await other.setCursor(pool, "a", "4");
    await other.setCursor(pool, "b", "4");
    await other.flush();
    expect(await stored()).toEqual({ a: "9", b: "4" });
    expect(errors).toHaveLength(1);
  });
}

function registerFailures(setUp: SetUp, engine: Engine): void {
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
    for (let index = 0; index < 1100; index++) await table.setCursor(db, `consumer ${index}`, "1");
    await table.flush();
    for (let index = 0; index < 1100; index++) await table.setCursor(db, `consumer ${index}`, "2");
    const before = watched.writes.length;
    watched.around = (run) => (watched.writes.length === before + 2 ? Promise.reject(new Error("gone")) : run());
    await expect(table.flush()).rejects.toMatchObject({ code: "database_error" });
    expect(Object.values(await stored()).filter((cursor) => cursor === "2")).toHaveLength(1000);
    watched.around = (run) => run();
    for (let index = 0; index < 1100; index++) await table.setCursor(db, `consumer ${index}`, "3");
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
}

function registerLimits(setUp: SetUp): void {
  async function lockTable(setting: Setting): Promise<() => Promise<void>> {
    const locker = await setting.raw.getConnection();
    await locker.query(`lock tables ${setting.table.name} write`);
    return async () => {
      await locker.query("unlock tables");
      locker.release();
    };
  }

  test("a flush on a locked table ends at its limit or its abort, and is written after all", async () => {
    const setting = await setUp();
    const { db, table, stored } = setting;
    await table.setCursor(db, "a", "1");
    const unlock = await lockTable(setting);
    await expect(table.flush({ timeoutMs: 50 })).rejects.toMatchObject({ code: "time_limit" });
    const controller = new AbortController();
    const reason = new Error("enough");
    const aborted = table.flush({ signal: controller.signal });
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    await expect(table.flush({ signal: controller.signal })).rejects.toBe(reason);
    await unlock();
    await table.flush();
    expect(await stored()).toEqual({ a: "1" });
  });

  test("reading and setting on a locked table end at their limit or their abort", async () => {
    const setting = await setUp({ asyncPeriodMs: 0 });
    const { db, table, stored } = setting;
    const store = table.toStore(db);
    await store.setCursor("a", "1");
    const unlock = await lockTable(setting);
    const controller = new AbortController();
    const reason = new Error("enough");
    const { signal } = controller;
    const limited = [
      store.getCursor("a", { timeoutMs: 50 }),
      store.setCursor("a", "2", { timeoutMs: 50 }),
      store.setCursor("b", "1", { timeoutMs: 50 }),
    ];
    const aborted = [
      store.getCursor("a", { signal }),
      store.setCursor("a", "2", { signal }),
      store.setCursor("b", "1", { signal }),
    ];
    const outcomes = Promise.allSettled([...limited, ...aborted]);
    await Promise.allSettled(limited);
    controller.abort(reason);
    const results = (await outcomes).map((result) =>
      result.status === "rejected" ? (result.reason as Error) : undefined,
    );
    expect(results.slice(0, 3)).toMatchObject([{ code: "time_limit" }, { code: "time_limit" }, { code: "time_limit" }]);
    expect(results.slice(3)).toEqual([reason, reason, reason]);
    await expect(store.getCursor("a", { signal })).rejects.toBe(reason);
    await expect(store.setCursor("a", "3", { signal })).rejects.toBe(reason);
    await unlock();
    await store.flush();
    expect(await stored()).toEqual({ a: "1" });
    await store.setCursor("a", "2");
    expect(await stored()).toEqual({ a: "2" });
  });

  test("one caller's abort of a consumer's first read leaves the others alone", async () => {
    const setting = await setUp();
    const { db, table } = setting;
    const store = table.toStore(db);
    const controller = new AbortController();
    const unlock = await lockTable(setting);
    const aborted = store.setCursor("a", "1", { signal: controller.signal });
    const other = store.setCursor("a", "2");
    controller.abort(new Error("enough"));
    await expect(aborted).rejects.toThrow("enough");
    await unlock();
    await other;
    expect(await table.getCursor(db, "a")).toBe("2");
  });
}
