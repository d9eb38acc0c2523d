import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import Database from "libsql";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isLibsql } from "../../../test/support/databases/sqlite-driver.ts";
import { type SqliteDatabase, sqliteDatabase } from "./sqlite-database.ts";

const insert = "insert into events (name) values (?)";
const select = "select cast(id as text) as event, name from events order by id";

let folder: string;
let handles: Database.Database[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sqlite-locks-"));
  handles = [];
});
afterEach(() => {
  for (const handle of handles) {
    sqliteDatabase(handle).close();
    handle.close();
  }
  rmSync(folder, { recursive: true });
});

function open(file: string = join(folder, "events.db")): Database.Database {
  const handle = new Database(file);
  handle.exec("create table if not exists events (id integer primary key autoincrement, name text not null)");
  handles.push(handle);
  return handle;
}

function openDatabase(): { handle: Database.Database; database: SqliteDatabase<Database.Database> } {
  const handle = open();
  return { handle, database: sqliteDatabase(handle) };
}

test("waits for the write lock of another connection without blocking the process", async () => {
  const { handle, database } = openDatabase();
  handle.exec("pragma busy_timeout = 5000");
  const other = open();
  other.exec("begin immediate");
  const writes = [database.run(insert, ["a"]), database.session((session) => session.run(insert, ["b"]))];
  // A process that is blocked comes to its next turns only when the writes have failed.
  for (let turn = 0; turn < 100; turn++) await delay(1);
  other.exec("commit");
  await Promise.all(writes);
  expect(await database.rows(select, [])).toHaveLength(2);
  expect(handle.prepare("pragma busy_timeout").all()).toEqual([{ timeout: 5000 }]);
});

test("gives up waiting for a lock at the limit or the abort, and works again afterwards", async () => {
  const { database } = openDatabase();
  const other = open();
  other.exec("begin exclusive");
  const limited = database.transaction(async () => undefined, { acquireTimeoutMs: 30 });
  await expect(limited).rejects.toMatchObject({
    code: "time_limit",
    message: expect.stringContaining("which another connection or process holds"),
  });
  await expect(database.rows(select, [], { timeoutMs: 30 })).rejects.toMatchObject({ code: "time_limit" });
  const reading = database.session((session) => session.rows(select, [], { timeoutMs: 30 }));
  await expect(reading).rejects.toMatchObject({ code: "time_limit" });
  const controller = new AbortController();
  const aborted = database.transaction(async () => undefined, { signal: controller.signal });
  setTimeout(() => controller.abort(new Error("enough")), 5);
  await expect(aborted).rejects.toThrow("enough");
  other.exec("commit");
  expect((await database.run(insert, ["a"])).insertId).toBe("1");
});

test("retries a commit that readers hold up, and rolls back when it gives up", async () => {
  const { handle, database } = openDatabase();
  const other = open();
  other.exec("begin");
  other.prepare(select).all();
  await expect(database.run(insert, ["lost"], { timeoutMs: 30 })).rejects.toMatchObject({
    code: "time_limit",
    message: expect.stringContaining("rolled back"),
  });
  expect(handle.inTransaction).toBe(false);
  const write = database.run(insert, ["kept"]);
  await delay(20);
  other.exec("commit");
  await write;
  expect(await database.rows(select, [])).toEqual([{ event: "1", name: "kept" }]);
});

test("a read-only transaction waits for a lock, too, and sees one state throughout", async () => {
  const { handle, database } = openDatabase();
  handle.exec("pragma journal_mode = wal");
  const other = open();
  await database.transaction(
    async (tx) => {
      expect(await tx.rows(select, [])).toEqual([]);
      other.exec("insert into events (name) values ('a')");
      expect(await tx.rows(select, [])).toEqual([]);
    },
    { readOnly: true },
  );
  expect(await database.rows(select, [])).toHaveLength(1);
});

// Other drivers end the statement themselves.
test.skipIf(!isLibsql)("does not wait for a commit that only its own caller could let through", async () => {
  const { handle, database } = openDatabase();
  const unfinished = database.transaction(async (tx) => {
    const statement = tx.handle.prepare("insert into events (name) values ('a') returning id");
    statement.run();
    return statement;
  });
  await expect(unfinished).rejects.toThrow("in progress");
  expect(handle.inTransaction).toBe(false);
  expect(await database.rows(select, [])).toEqual([]);
});

test("its data version changes with every commit of any connection, and only then", async () => {
  const { handle, database } = openDatabase();
  const other = open();
  const versions = [database.dataVersion()];
  const writes = [
    async () => other.exec("insert into events (name) values ('a')"),
    async () => handle.exec("insert into events (name) values ('b')"),
    () => database.run(insert, ["c"]),
    () => database.session((session) => session.run(insert, ["d"])),
  ];
  for (const write of writes) {
    // oxlint-disable-next-line eslint/no-await-in-loop -- one after the other
    await write();
    versions.push(database.dataVersion());
    expect(database.dataVersion()).toBe(versions.at(-1));
  }
  expect(new Set(versions).size).toBe(5);
  await database.rows(select, []);
  other.exec("begin exclusive");
  expect(database.dataVersion()).toBe(versions.at(-1));
  other.exec("rollback");
  expect(database.dataVersion()).toBe(versions.at(-1));
});

test("the data version of a database in memory counts the changes through its handle", () => {
  const handle = open(":memory:");
  const database = sqliteDatabase(handle);
  const before = database.dataVersion();
  expect(database.dataVersion()).toBe(before);
  handle.exec("insert into events (name) values ('a')");
  expect(database.dataVersion()).not.toBe(before);
});

test("close leaves the handle open, and a later read works", async () => {
  const { handle, database } = openDatabase();
  await database.run(insert, ["a"]);
  expect(await database.rows(select, [])).toHaveLength(1);
  database.close();
  database.close();
  expect(handle.open).toBe(true);
  expect(await database.rows(select, [])).toHaveLength(1);
});
