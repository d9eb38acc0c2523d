import Database from "libsql";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isLibsql } from "../../../test/support/databases/sqlite-driver.ts";
import { LARGEST_CACHE, SqliteConnection } from "./sqlite-connection.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";
import { isSqliteHandle } from "./sqlite-handle.ts";
import { shapeOf } from "./sqlite-values.ts";

const method = (): undefined => undefined;

let handle: Database.Database;
let connection: SqliteConnection;

beforeEach(() => {
  handle = new Database(":memory:");
  handle.exec("create table events (id integer primary key autoincrement, name text unique, data blob, number)");
  connection = new SqliteConnection(handle);
});
afterEach(() => connection.close());

test("recognises a handle, open or closed, and nothing else", () => {
  const closed = new Database(":memory:");
  closed.close();
  expect(isSqliteHandle(handle)).toBe(true);
  expect(isSqliteHandle(closed)).toBe(true);
  const nodeSqlite = { prepare: method, exec: method, close: method, isOpen: true, isTransaction: false };
  expect(isSqliteHandle(nodeSqlite)).toBe(true);
  expect(
    [null, undefined, "file.db", {}, method, { prepare: method, execute: method, close: method }].map(isSqliteHandle),
  ).toEqual(Array.from({ length: 6 }, () => false));
});

test("refuses a closed handle instead of letting libsql end the process", () => {
  handle.close();
  expect(connection.inTransaction).toBe(false);
  expect(() => connection.rows("select 1", [])).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  expect(() => new SqliteConnection(handle)).toThrow("closed");
});

test("refuses an asynchronous handle", () => {
  const statement = Promise.resolve({});
  const asynchronous = {
    open: true,
    inTransaction: false,
    prepare: () => statement,
    exec: method,
    close: method,
  };
  expect(() => new SqliteConnection(asynchronous)).toThrow(`not "libsql/promise"`);
});

test("gives ids above 2^53 exactly, where the driver rounds them", () => {
  connection.run("insert into events (id) values (cast(? as integer))", [9_007_199_254_740_992n]);
  expect(connection.run("insert into events (name) values (?)", ["a"])).toEqual({
    affectedRows: 1,
    insertId: "9007199254740993",
  });
  expect(handle.prepare("insert into events (name) values ('b')").run().lastInsertRowid).toBe(9_007_199_254_740_994);
  expect(handle.prepare("insert into events (name) values ('c')").run().lastInsertRowid).toBe(9_007_199_254_740_996);
});

test("gives the id of the first of several rows, and 0 where none was inserted", () => {
  expect(connection.run("insert into events (name) values (?), (?), (?)", ["a", "b", "c"])).toEqual({
    affectedRows: 3,
    insertId: "1",
  });
  expect(connection.run("insert or ignore into events (name) values (?)", ["a"])).toEqual({
    affectedRows: 0,
    insertId: "0",
  });
  expect(connection.run("update events set number = ? where id > cast(? as integer)", [1, "1"])).toEqual({
    affectedRows: 2,
    insertId: "0",
  });
});

test("returns blobs byte by byte, also of a view into a larger buffer", () => {
  const data = Uint8Array.from([7, 0, 255, 128, 10, 7]).subarray(1, 5);
  connection.run("insert into events (data) values (?), (?)", [data, new Uint8Array()]);
  const rows = connection.rows("select data from events order by id", []);
  expect(rows).toEqual([{ data: Buffer.from([0, 255, 128, 10]) }, { data: Buffer.alloc(0) }]);
  expect(rows[0]?.["data"]).toBeInstanceOf(Uint8Array);
  expect(connection.rows("select hex(?) as hex", [data])).toEqual([{ hex: "00FF800A" }]);
});

test.each([
  { param: 9_223_372_036_854_775_807n, type: "integer", text: "9223372036854775807" },
  { param: -9_223_372_036_854_775_808n, type: "integer", text: "-9223372036854775808" },
  { param: 1, type: "integer", text: "1" },
  { param: 1.5, type: "real", text: "1.5" },
  { param: "it's ?; é 😀", type: "text", text: "it's ?; é 😀" },
  { param: null, type: "null", text: null },
])("binds $param as $type", ({ param, type, text }) => {
  expect(connection.rows("select typeof(?) as type, cast(? as text) as text", [param, param])).toEqual([
    { type, text },
  ]);
});

test.each([
  { name: "true", param: true },
  { name: "undefined", param: undefined },
  { name: "NaN", param: Number.NaN },
  { name: "a date", param: new Date(0) },
  { name: "2^63", param: 2n ** 63n },
])("refuses $name as a parameter", ({ param }) => {
  expect(() => connection.rows("select ?", [param as unknown as string])).toThrow(
    expect.objectContaining({ code: "invalid_argument" }),
  );
});

test.skipIf(!isLibsql).each([
  { params: [] as string[], message: "expected 2 parameters, found 0" },
  { params: ["a"], message: "expected 2 parameters, found 1" },
  { params: ["a", "b", "c"], message: "expected 2 parameters, found 3" },
])("refuses $params.length parameters for 2 placeholders, which libsql takes", ({ params, message }) => {
  const sql = "select ? as a, '?' as b, ? as c -- ?";
  expect(handle.prepare(sql).all(params)).toHaveLength(1);
  expect(() => connection.rows(sql, params)).toThrow(message);
  expect(() => connection.run("update events set name = ? where name = ?", params)).toThrow(message);
});

test.each([
  { sql: "select '?', \"?\", `?`, [?] /* ? ; */ -- ?", placeholders: 0, statements: 1 },
  { sql: "select 'it''s ?', ? + ?;", placeholders: 2, statements: 1 },
  { sql: "select ?; select ?", placeholders: 2, statements: 2 },
  { sql: " -- nothing\n; /* here", placeholders: 0, statements: 0 },
  { sql: "select 4-?/2", placeholders: 1, statements: 1 },
  { sql: "create trigger t after insert on e begin select 1; select 2; end", placeholders: 0, statements: 1 },
])("counts $placeholders placeholders and $statements statements in $sql", ({ sql, placeholders, statements }) => {
  expect(shapeOf(sql)).toEqual({ placeholders, statements });
});

test("refuses a second statement, which libsql drops, and none", () => {
  expect(() => connection.run("delete from events; delete from events", [])).toThrow(
    "expected one SQL statement, found 2",
  );
  expect(() => connection.rows("-- nothing", [])).toThrow("expected one SQL statement, found 0");
});

test("run refuses a statement that returns rows, after which libsql could not commit", () => {
  handle.exec("begin");
  expect(() => connection.run("insert into events (name) values ('a') returning id", [])).toThrow("use rows()");
  handle.exec("commit");
  expect(connection.rows("insert into events (name) values ('a') returning name", [])).toEqual([{ name: "a" }]);
});

test("keeps working while the statement cache overflows and the table changes", () => {
  for (let number = 0; number < 1.5 * LARGEST_CACHE; number += 1) connection.rows(`select ${number} as n`, []);
  expect(connection.rows("select * from events", [])).toEqual([]);
  handle.exec("alter table events add column later text default 'x'");
  handle.exec("insert into events (name) values ('a')");
  expect(connection.rows("select * from events", [])).toMatchObject([{ name: "a", later: "x" }]);
});

test("leaves the user's busy_timeout and safe integers as they were", () => {
  handle.exec("pragma busy_timeout = 1234");
  handle.defaultSafeIntegers(true);
  expect(connection.run("insert into events (name) values ('a')", [])).toEqual({ affectedRows: 1, insertId: "1" });
  expect(connection.rows("select cast(id as text) as text from events", [])).toEqual([{ text: "1" }]);
  expect(handle.prepare("pragma busy_timeout").all()).toEqual([{ timeout: 1234n }]);
});

test("the dialect's clock, stored and read back, is the time in microseconds", () => {
  const storage = { column: "datetime6", zone: undefined } as const;
  const before = Date.now();
  connection.run(`insert into events (name) values (${sqliteDialect.eventTime(storage)})`, []);
  const after = Date.now();
  const micros = sqliteDialect.eventMicros("name", storage);
  const [row] = connection.rows(`select cast(${micros} as text) as micros, name from events`, []);
  const millis = Number(row?.["micros"]) / 1000;
  expect(millis).toBe(Date.parse(`${String(row?.["name"]).replace(" ", "T")}Z`));
  expect(millis).toBeGreaterThanOrEqual(before);
  expect(millis).toBeLessThanOrEqual(after);
  const exact = sqliteDialect.eventMicros("'2026-11-23 17:05:09.123'", storage);
  expect(connection.rows(`select cast(${exact} as text) as micros`, [])).toEqual([{ micros: "1795453509123000" }]);
});
