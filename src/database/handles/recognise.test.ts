import { createRequire } from "node:module";
import { createPoolCluster as createMariadbCluster, createPool as createMariadbPool } from "mariadb";
import {
  createPoolCluster as createMariadbCallbackCluster,
  createPool as createMariadbCallbackPool,
} from "mariadb/callback";
import { createPoolCluster as createCallbackCluster, createPool as createCallbackPool } from "mysql2";
import { createPool, createPoolCluster } from "mysql2/promise";
import { afterAll, describe, expect, test } from "vitest";
import type { Database } from "../database.ts";
import type { DatabaseHandle, ExecutorHandle } from "./handles.ts";
import { toDatabase, toInsertTarget } from "./recognise.ts";

// None of these pools connects to anything: a pool opens its connections when they are asked for.
const nowhere = { host: "127.0.0.1", port: 1 };
const mariadbNowhere = { ...nowhere, minimumIdle: 0 };
const ends: (() => unknown)[] = [];

function ended<P extends { end(): unknown }>(pool: P): P {
  ends.push(() => pool.end());
  return pool;
}

afterAll(async () => {
  await Promise.all(ends.map((end) => end()));
});

const promisePool = ended(createPool(nowhere));
const callbackPool = ended(createCallbackPool(nowhere));
const mariadbPool = ended(createMariadbPool(mariadbNowhere));
const mysql2Cluster = ended(createPoolCluster());
const mysql2CallbackCluster = ended(createCallbackCluster());
const mariadbCluster = ended(createMariadbCluster());
const mariadbCallbackCluster = createMariadbCallbackCluster();
const mariadbCallbackPool = createMariadbCallbackPool(mariadbNowhere);
// The CommonJS build of the driver has no names of classes.
const commonJs = createRequire(import.meta.url)("mariadb/callback") as { createPool: typeof createMariadbCallbackPool };
const minifiedCallbackPool = commonJs.createPool(mariadbNowhere);
for (const pool of [mariadbCallbackPool, minifiedCallbackPool]) ends.push(() => pool.end(() => undefined));
for (const cluster of [mysql2Cluster, mysql2CallbackCluster]) cluster.add("one", nowhere);
mariadbCluster.add("one", mariadbNowhere);

class PoolCluster {
  add(): void {}
  of(): void {}
  getConnection(): void {}
}

/** The shape of a pool or connection of the mysql package. */
const mysqlPackage = {
  query: () => undefined,
  end: () => undefined,
  getConnection: () => undefined,
  release: () => undefined,
};

const clusterRemedy = /PoolCluster is not supported.*createPool/;
const callbackRemedy = /callback side of the mariadb driver is not supported.*from "mariadb"/;
const unknownRemedy = (found: string): RegExp =>
  new RegExp(`expected a pool of mysql2 or mariadb, or a SQLite handle of .*, found ${found}`);

const refused: { what: string; handle: unknown; message: RegExp }[] = [
  { what: "a PoolCluster of mysql2", handle: mysql2Cluster, message: clusterRemedy },
  { what: "a callback PoolCluster of mysql2", handle: mysql2CallbackCluster, message: clusterRemedy },
  { what: "a selection of a PoolCluster of mysql2", handle: mysql2Cluster.of("*"), message: clusterRemedy },
  {
    what: "a selection of a callback PoolCluster of mysql2",
    handle: mysql2CallbackCluster.of("*", "RR"),
    message: clusterRemedy,
  },
  { what: "a PoolCluster of mariadb", handle: mariadbCluster, message: clusterRemedy },
  { what: "a callback PoolCluster of mariadb", handle: mariadbCallbackCluster, message: clusterRemedy },
  { what: "a selection of a PoolCluster of mariadb", handle: mariadbCluster.of("*", "RR"), message: clusterRemedy },
  { what: "any PoolCluster", handle: new PoolCluster(), message: clusterRemedy },
  { what: "a callback pool of mariadb", handle: mariadbCallbackPool, message: callbackRemedy },
  { what: "a callback pool of mariadb from CommonJS", handle: minifiedCallbackPool, message: callbackRemedy },
  { what: "the mysql package", handle: mysqlPackage, message: /mysql package.*create the pool with mysql2/ },
  { what: "null", handle: null, message: unknownRemedy("null") },
  { what: "undefined", handle: undefined, message: unknownRemedy("undefined") },
  { what: "a URL", handle: "mysql://root@localhost/app", message: unknownRemedy("a string of 26 characters") },
  { what: "a number", handle: 7, message: unknownRemedy("7") },
  { what: "an empty object", handle: {}, message: unknownRemedy("an object \\(Object\\)") },
  { what: "an array", handle: [], message: unknownRemedy("an array of 0") },
  { what: "a function", handle: describe, message: unknownRemedy("function ") },
  {
    what: "an object without a prototype",
    handle: Object.create(null),
    message: unknownRemedy("an object "),
  },
  { what: "a promise of a pool", handle: Promise.resolve(promisePool), message: /a promise, await it/ },
];

describe("toDatabase", () => {
  test.each(refused)("refuses $what, and says what to pass instead", ({ handle, message }) => {
    const call = (): unknown => toDatabase(handle as DatabaseHandle);
    expect(call).toThrow(TypeError);
    expect(call).toThrow(
      expect.objectContaining({ code: "invalid_argument", message: expect.stringMatching(message) }),
    );
  });

  test("refuses an executor, which can't be streamed from", () => {
    const executor = { run: () => undefined, rows: () => undefined };
    expect(() => toDatabase(executor as unknown as DatabaseHandle)).toThrow(
      expect.objectContaining({ code: "invalid_argument", message: expect.stringMatching(/need a pool.*connection/) }),
    );
  });

  test.each([
    { what: "a promise pool of mysql2", pool: promisePool },
    { what: "a callback pool of mysql2", pool: callbackPool },
    { what: "a pool of mariadb", pool: mariadbPool },
  ])("gives one and the same database for $what", ({ pool }) => {
    const database = toDatabase(pool as DatabaseHandle);
    expect(database.dialect.name).toBe("mysql");
    expect(toDatabase(pool as DatabaseHandle)).toBe(database);
  });

  test("gives one database for both sides of a mysql2 pool, and different ones for different pools", () => {
    const database = toDatabase(callbackPool);
    expect(toDatabase(callbackPool.promise())).toBe(database);
    expect(toDatabase(callbackPool.promise())).toBe(database);
    expect(database.identity).toBe(callbackPool);
    expect(toDatabase(promisePool)).not.toBe(database);
  });

  test("takes a Database of the user's own as it is", () => {
    const own = toDatabase(promisePool);
    const wrapped: Database = {
      identity: {},
      dialect: own.dialect,
      run: own.run.bind(own),
      rows: own.rows.bind(own),
      session: own.session.bind(own),
      transaction: own.transaction.bind(own),
    };
    expect(toDatabase(wrapped)).toBe(wrapped);
  });
});

describe("an insert", () => {
  test.each(refused)("refuses $what, and says what to pass instead", ({ handle, message }) => {
    const call = (): unknown => toInsertTarget(handle as ExecutorHandle);
    expect(call).toThrow(TypeError);
    expect(call).toThrow(
      expect.objectContaining({ code: "invalid_argument", message: expect.stringMatching(message) }),
    );
  });

  test("takes a pool as a database, for a transaction of its own", () => {
    expect(toInsertTarget(promisePool)).toEqual({ kind: "database", database: toDatabase(promisePool) });
    expect(toInsertTarget(mariadbPool)).toEqual({ kind: "database", database: toDatabase(mariadbPool) });
  });

  test("takes an executor as the caller's transaction", () => {
    const executor = { run: () => Promise.reject(new Error("unused")), rows: () => Promise.resolve([]) };
    expect(toInsertTarget(executor)).toMatchObject({ kind: "transaction", executor, native: executor });
  });
});
