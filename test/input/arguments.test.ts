import { createPoolCluster as createMariadbCluster } from "mariadb";
import { createPool as createMariadbCallbackPool } from "mariadb/callback";
import { createPoolCluster } from "mysql2/promise";
import {
  CursorsTable,
  createTables,
  EventsTable,
  EventsTableInt,
  errorsTableSchema,
  fillGaps,
  run,
  runForever,
  schemaSql,
  stopFillingGaps,
  toDatabase,
  transaction,
} from "reflex-rsql";
import { getLatestId, getNextEvents } from "reflex-rsql/testing";
import { afterAll, describe, expect, test } from "vitest";
import { failureOf } from "../support/errors/failure-of.ts";
import {
  type Case,
  consumer,
  cursors,
  errors,
  events,
  failed,
  mismatch,
  numbered,
  plain,
  pool,
  record,
  store,
  uses,
  type Wrong,
} from "../support/input/subjects.ts";

describe("a handle", () => {
  const clusters = [createPoolCluster(), createMariadbCluster()];
  const callbackPool = createMariadbCallbackPool({ host: "127.0.0.1", port: 1, minimumIdle: 0 });
  afterAll(async () => {
    await Promise.all([...clusters.map((cluster) => cluster.end()), pool.end()]);
    await new Promise((resolve) => {
      callbackPool.end(resolve);
    });
  });

  const handles: readonly (readonly [string, unknown, RegExp])[] = [
    ["undefined", undefined, /expected a pool .*found undefined/],
    ["null", null, /expected a pool .*found null/],
    ["a URL", "mysql://localhost/shop", /expected a pool .*found a string of 22 characters/],
    ["a number", 5, /expected a pool .*found 5/],
    ["an empty object", {}, /expected a pool .*found an object/],
    ["an array", [pool], /expected a pool .*found an array/],
    ["a function", () => pool, /expected a pool .*found function/],
    ["a promise of a pool", Promise.resolve(pool), /promise, await it/],
    ["a PoolCluster of mysql2", clusters[0], /PoolCluster is not supported.*createPool/],
    ["a part of a PoolCluster", createPoolCluster().of("*"), /PoolCluster is not supported/],
    ["a PoolCluster of mariadb", clusters[1], /PoolCluster is not supported/],
    ["a pool of mariadb's callback side", callbackPool, /callback side .*is not supported/],
    ["an events table", events, /expected a pool .*EventsTable/],
  ];
  const inserts: readonly Case[] = [
    ["insert", (db) => events.insert(db, "a", 1)],
    ["insertWithMetadata", (db) => events.insertWithMetadata(db, "a", 1, "bytes")],
    ["insertMany", (db) => events.insertMany(db, [{ foreignId: "a", type: 1 }])],
    ["insert of an EventsTableInt", (db) => numbered.insert(db, 1, 1)],
  ];
  const pools: readonly Case[] = [
    ["stream", (db) => events.stream(db, "")],
    ["toStream", (db) => events.toStream(db)],
    ["option primary", (db) => new EventsTable("orders", { gaps: { primary: db ?? null } })],
    ["option probe", (db) => new EventsTable("orders", { gaps: { probe: [db] } })],
    ["getCursor", (db) => cursors.getCursor(db, "mailer")],
    ["setCursor", (db) => cursors.setCursor(db, "mailer", "1")],
    ["toStore", (db) => cursors.toStore(db)],
    ["toStore with options", (db) => cursors.toStore(db, { asyncPeriodMs: 0 })],
    ["toErrorInserter", (db) => errors.toErrorInserter(db)],
    ["list", (db) => errors.list(db)],
    ["resolve", (db) => errors.resolve(db, "1")],
    ["retry", (db) => errors.retry(db, "1", { consumer, events })],
    ["retryAll", (db) => errors.retryAll(db, { consumer, events })],
    ["transaction", (db) => transaction(db, () => Promise.resolve())],
    ["createTables", (db) => createTables(db, [events])],
    ["fillGaps", (db) => fillGaps(db, events)],
    ["toDatabase", (db) => toDatabase(db)],
    ["getLatestId", (db) => getLatestId(db, events)],
    ["getNextEvents", (db) => getNextEvents(db, events, "")],
  ];
  // Which takes a list of pools and a function that gives one too.
  const isTaken = (what: string, name: string): boolean =>
    what === "option primary" && ["a function", "an array"].includes(name);
  const cases = [...inserts, ...pools].flatMap(([what, use]) =>
    handles
      .filter(([name]) => !isTaken(what, name))
      .map(([name, handle, message]) => ({ what, use, name, handle, message })),
  );

  // Catches a list of pools of which one is none, and an empty list.
  test.each([[[]], [[{}]], [["primary"]], [[null]]])(
    "that is in the list gaps.primary is a pool: not %j",
    (primary) => {
      expect(() => new EventsTable("orders", { gaps: { primary: primary as never } })).toThrow(
        /option primary of option gaps of table orders must be an array of pools/,
      );
    },
  );

  // Catches a handle that is kept until the first statement fails with "getConnection is not a function".
  test.each(cases)(
    "that is $name is refused by $what, which says what to pass",
    async ({ what, use, handle, message }) => {
      const remedy = handle === undefined && what === "option primary" ? /found null/ : message;
      expect(await mismatch(() => use(handle), /^invalid_(argument|option)$/, remedy)).toBeUndefined();
    },
  );

  // Catches a stream inside of a transaction, which would read what no one has committed.
  test.each(pools)("that is a connection is refused by %s, which needs a pool", async (_what, use) => {
    const connection = { execute: () => 1, query: () => 1, beginTransaction: () => 1, connection: {} };
    expect(
      await mismatch(() => use(connection), /^invalid_(argument|option)$/, /need a pool, found a connection/),
    ).toBeUndefined();
  });
});

describe("a name", () => {
  const names = ["a`b", "a'b", 'a"b', "", "x".repeat(65), "a.b.c", ".a", "a.", "a\nb", "a\0b", " a", "a;b", "a😀"];
  const wrong: readonly unknown[] = [...names, null, undefined, 5, {}, ["orders"], Promise.resolve("orders")];
  const tables: readonly Case[] = [
    ["EventsTable", (name) => new EventsTable(name)],
    ["EventsTableInt", (name) => new EventsTableInt(name)],
    ["CursorsTable", (name) => new CursorsTable(name)],
  ];

  // Catches a name that becomes part of SQL as something else, or whose table nobody can make.
  test.each(tables.flatMap(([what, use]) => wrong.map((name) => ({ what, use, name }))))(
    "$name is refused for an $what",
    async ({ use, name }) => {
      expect(await mismatch(() => use(name), /^invalid_identifier$/, /^table name /)).toBeUndefined();
    },
  );

  // Catches names with a schema refused.
  test.each(tables)('may have a schema: %s takes "shop.orders"', async (_what, use) => {
    expect(await failureOf(() => use("shop.orders"))).toBeUndefined();
  });

  test.each(names)("%o is refused by getLatestId", async (name) => {
    // Catches a name in SQL of the testing tools that is not checked.
    expect(await mismatch(() => getLatestId(pool, name), /^invalid_identifier$/)).toBeUndefined();
    expect(await mismatch(() => getLatestId(pool, "orders", name), /^invalid_identifier$/)).toBeUndefined();
  });
});

describe("a table", () => {
  // Catches an error of a library's inside, or a table that is left out in silence.
  test.each([
    [null],
    [undefined],
    [events],
    ["orders"],
    [[null]],
    [["orders"]],
    [[{}]],
    [[events, { schema: 5 }]],
    [[5]],
  ])("that is none is refused by createTables and schemaSql: %o", async (sources: Wrong) => {
    expect(await mismatch(() => createTables(pool, sources), /^invalid_argument$/, /expected .*table/)).toBeUndefined();
    expect(await mismatch(() => schemaSql("mysql", sources), /^invalid_argument$/, /expected .*table/)).toBeUndefined();
  });

  test.each([[null], [undefined], ["orders"], [cursors], [{}], [5]])(
    "with gaps must be an events table: %o",
    async (given) => {
      // Catches a call without effect, after which streams wait for ever.
      expect(
        await mismatch(() => fillGaps(pool, given as Wrong), /^invalid_argument$/, /expected an events table/),
      ).toBeUndefined();
      expect(
        await mismatch(() => stopFillingGaps(given as Wrong), /^invalid_argument$/, /expected an events table/),
      ).toBeUndefined();
    },
  );

  test.each(["mariadb", "MySQL", "", null, undefined, {}])("has no SQL in the dialect %o", async (dialect) => {
    // Catches SQL of one database for another.
    const use = (): unknown => schemaSql(dialect as Wrong, [events, errorsTableSchema()]);
    expect(await mismatch(use, /^invalid_argument$/, /"mysql" or "sqlite"/)).toBeUndefined();
  });
});

describe("an error", () => {
  // Catches an error recorded under another event, or none at all.
  test.each([
    [null],
    [undefined],
    ["error"],
    [{}],
    [{ ...failed, eventId: 1 }],
    [{ ...failed, eventId: "" }],
    [{ ...failed, message: undefined }],
    [{ ...failed, message: new Error("no") }],
  ])("to be recorded must have its parts: %o", async (error) => {
    expect(
      await mismatch(() => record(error as Wrong), /^invalid_argument$/, /consumer's name|of an error/),
    ).toBeUndefined();
  });

  test.each([[5], [null], [undefined], [5n], [{}]])("is found by an id of text, not by %o", async (id: Wrong) => {
    // Catches an id that is rounded, and so is that of another error.
    expect(
      await mismatch(() => errors.resolve(pool, id), /^invalid_argument$/, /id of an error must be a string/),
    ).toBeUndefined();
    expect(
      await mismatch(() => errors.retry(pool, id, { consumer, events }), /^invalid_argument$/, /id of an error/),
    ).toBeUndefined();
  });
});

describe("a signal that is aborted already", () => {
  const reason = new Error("closing");
  const signal = AbortSignal.abort(reason);
  const calls: readonly Case[] = [
    ["start", () => events.stream(pool, "", { signal }).start()],
    ["next", () => events.stream(pool, "", { signal }).next()],
    ["batches", () => events.stream(pool, "", { signal }).batches().next()],
    ["getCursor", () => cursors.getCursor(pool, "mailer", { signal })],
    ["setCursor of a store", () => store.setCursor("mailer", "1", { signal })],
    ["flush", () => cursors.flush({ signal })],
    ["flush of a store", () => store.flush({ signal })],
    ["run", () => run({ stream: events.toStream(pool), cursors: store, consumer }, { signal })],
    ["runForever", () => runForever({ stream: events.toStream(pool), cursors: store, consumer }, { signal })],
    ["transaction", () => transaction(pool, () => Promise.reject(new Error("it ran")), { signal })],
    ["createTables", () => createTables(pool, [events], { signal })],
    ["an error inserter", () => record(failed, { signal })],
    ["list", () => errors.list(pool, { signal })],
    ["resolve", () => errors.resolve(pool, "1", { signal })],
    ["retry", () => errors.retry(pool, "1", { consumer, events, signal })],
    ["retryAll", () => errors.retryAll(pool, { consumer, events, signal })],
    ["stopFillingGaps", () => stopFillingGaps(plain, { signal })],
  ];

  // Catches work that is begun after the abort, and a reason that is wrapped, so that the caller does not know it.
  test.each(calls)("ends %s with its reason before anything is asked of the database", async (_what, use) => {
    expect(await failureOf(() => use(undefined))).toBe(reason);
    expect(uses()).toBe(0);
  });
});
