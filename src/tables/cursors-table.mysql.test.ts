import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Libsql from "libsql";
import { afterAll, describe, expect, test } from "vitest";
import { describeEachServer } from "../../test/servers/engines.ts";
import { sqliteDatabase } from "../database/adapters/sqlite-database.ts";
import type { DatabaseHandle } from "../database/handles.ts";
import { CursorsTable } from "./cursors-table.ts";
import type { CursorsTableOptions } from "./cursors-table-options.ts";
import { createTables } from "./schema/table-schema.ts";

interface Target {
  readonly mysql: boolean;
  open(): Promise<DatabaseHandle>;
  /** Runs SQL past the library. */
  sql(text: string): Promise<Record<string, unknown>[]>;
}

let tables = 0;

function newName(): string {
  tables += 1;
  return `cursors_${tables}`;
}

async function newTable(db: DatabaseHandle, options: CursorsTableOptions = {}): Promise<CursorsTable> {
  const table = new CursorsTable(newName(), { asyncPeriodMs: 0, ...options });
  await createTables(db, [table]);
  return table;
}

const notAdvanced = expect.objectContaining({ code: "cursor_not_advanced" });

describeEachServer((engine) => {
  registerAll({
    mysql: true,
    open: () => engine.createPool() as Promise<DatabaseHandle>,
    sql: async (text) => {
      const pool = await engine.createRawPool({ supportBigNumbers: true, bigNumberStrings: true });
      const [rows] = await pool.query(text);
      await pool.end();
      return rows as Record<string, unknown>[];
    },
  });
});

describe("SQLite in a file", () => {
  const folder = mkdtempSync(join(tmpdir(), "cursors-"));
  const handle = new Libsql(join(folder, "cursors.db"));
  registerSqlite(handle, () => rmSync(folder, { recursive: true }));
});

describe("SQLite in memory", () => {
  registerSqlite(new Libsql(":memory:"), () => undefined);
});

function registerSqlite(handle: Libsql.Database, end: () => void): void {
  afterAll(() => {
    sqliteDatabase(handle).close();
    handle.close();
    end();
  });
  registerAll({
    mysql: false,
    open: () => Promise.resolve(handle),
    sql: (text) => {
      const statement = handle.prepare(text);
      if (statement.reader) return Promise.resolve(statement.all() as Record<string, unknown>[]);
      statement.run();
      return Promise.resolve([]);
    },
  });
}

function registerAll(target: Target): void {
  describe("set at once", () => registerGetAndSet(target));
  describe("int cursors", () => registerInt(target));
  describe("string cursors", () => registerString(target));
  describe("names of columns and tables", () => registerNames(target));
}

function registerGetAndSet({ open, sql }: Target): void {
  test("a consumer without a row has no cursor, and one that was set has it in every other table object", async () => {
    const db = await open();
    const table = await newTable(db);
    expect(await table.getCursor(db, "mailer")).toBe("");
    await table.setCursor(db, "mailer", "5");
    expect(await table.getCursor(db, "mailer")).toBe("5");
    expect(await table.getCursor(db, "other")).toBe("");
    const restarted = table.clone();
    await restarted.setCursor(db, "mailer", "6");
    expect(await restarted.getCursor(db, "mailer")).toBe("6");
    expect(await sql(`select id from ${table.name}`)).toEqual([{ id: "mailer" }]);
  });

  test.each(["5", "4", "0", "005"])(
    "after 5, setting %s is refused with the cursor that is there and its time",
    async (cursor) => {
      const db = await open();
      const table = await newTable(db);
      await table.setCursor(db, "mailer", "5");
      const [row] = await sql(`select cast(updated_at as char(26)) as time from ${table.name}`);
      const time = row?.["time"] as string;
      expect(Math.abs(Date.parse(`${time.replace(" ", "T")}Z`) - Date.now())).toBeLessThan(60_000);
      const refusal = {
        code: "cursor_not_advanced",
        message: `the cursor of mailer in ${table.name} can't be set to ${cursor}: it is there or beyond already, found 5 of ${time}; run each consumer name in one place at a time`,
        details: { table: table.name, consumer: "mailer", cursor, existing: "5", existingTime: time },
      };
      await expect(table.setCursor(db, "mailer", cursor)).rejects.toMatchObject(refusal);
      await expect(table.clone().setCursor(db, "mailer", cursor)).rejects.toMatchObject(refusal);
      expect(await table.getCursor(db, "mailer")).toBe("5");
    },
  );

  test.each(["abc", "-1", "9223372036854775808", "", 7])("%j is no cursor", async (cursor) => {
    const db = await open();
    const table = await newTable(db);
    await expect(table.setCursor(db, "mailer", cursor as string)).rejects.toMatchObject({ code: "invalid_cursor" });
    expect(await table.getCursor(db, "mailer")).toBe("");
  });

  test("the time of the last change moves with the cursor", async () => {
    const db = await open();
    const table = await newTable(db);
    await table.setCursor(db, "mailer", "5");
    await sql(`update ${table.name} set updated_at = '2001-01-01 00:00:00'`);
    await table.setCursor(db, "mailer", "6");
    const [row] = await sql(`select cast(updated_at as char(4)) as year from ${table.name}`);
    expect(row?.["year"]).not.toBe("2001");
  });

  test("a cursor that was set back by hand can be set again at once, without a restart", async () => {
    const db = await open();
    const table = await newTable(db);
    await table.setCursor(db, "mailer", "500");
    await sql(`update ${table.name} set last_event_id = 3`);
    await table.setCursor(db, "mailer", "4");
    expect(await table.getCursor(db, "mailer")).toBe("4");
  });

  test("a cursor that someone else moved is kept, told to the one who sets, who can then go on beyond it", async () => {
    const db = await open();
    const table = await newTable(db);
    await table.setCursor(db, "mailer", "5");
    await table.clone().setCursor(db, "mailer", "9");
    await expect(table.setCursor(db, "mailer", "6")).rejects.toMatchObject({
      code: "cursor_not_advanced",
      details: { existing: "9", cursor: "6" },
    });
    expect(await table.getCursor(db, "mailer")).toBe("9");
    await table.setCursor(db, "mailer", "10");
    expect(await table.getCursor(db, "mailer")).toBe("10");
  });

  test("two table objects that race on one consumer only ever raise its cursor, and each loss is told", async () => {
    const db = await open();
    const table = await newTable(db);
    const [one, two] = [table.clone(), table.clone()];
    const seen: bigint[] = [];
    let told = 0;
    const lost: unknown[] = [];
    const tell = (error: unknown): void => void lost.push(error);
    for (let cursor = 1; cursor <= 100; cursor++) {
      const race = [
        one.setCursor(db, "mailer", String(cursor * 2)),
        two.setCursor(db, "mailer", String(cursor * 2 + 1)),
      ];
      const results = await Promise.all(
        race.map((set) =>
          set.then(
            () => true,
            (error: unknown) => void tell(error),
          ),
        ),
      );
      told += results.filter((won) => won !== true).length;
      seen.push(BigInt(await table.getCursor(db, "mailer")));
    }
    expect(seen).toEqual([...seen].sort((a, b) => (a < b ? -1 : 1)));
    expect(new Set(seen).size).toBe(100);
    expect(lost).toEqual(Array.from({ length: told }, () => notAdvanced));
    expect(told).toBeGreaterThan(0);
  });
}

function registerInt({ open, sql, mysql }: Target): void {
  const columns = mysql
    ? ["bigint", "bigint unsigned", "varchar(40)", "bigint(20) zerofill"]
    : ["integer", "text", "varchar(40)"];

  test.each(columns)("compare as numbers and exactly beyond 2^53 in a column of type %s", async (type) => {
    const db = await open();
    const table = new CursorsTable(newName(), { asyncPeriodMs: 0 });
    const time = mysql ? "datetime(6)" : "text";
    await sql(
      `create table ${table.name} (id varchar(255) primary key, last_event_id ${type} not null, updated_at ${time} not null)`,
    );
    for (const cursor of ["9", "10", "9007199254740992", "9007199254740993", "9223372036854775807"]) {
      await table.setCursor(db, "mailer", cursor);
      expect(BigInt(await table.getCursor(db, "mailer"))).toBe(BigInt(cursor));
      await expect(table.setCursor(db, "mailer", cursor)).rejects.toEqual(notAdvanced);
    }
    await sql(`update ${table.name} set last_event_id = 9007199254740992`);
    await table.setCursor(db, "mailer", "9007199254740993");
    await sql(`update ${table.name} set last_event_id = 9007199254740994`);
    await expect(table.setCursor(db, "mailer", "9007199254740995")).rejects.toMatchObject({
      details: { cursor: "9007199254740995" },
    });
  });

  test.each(["", "0", "007"])("a text column that holds %j is moved on from", async (stored) => {
    const db = await open();
    const table = await newTable(db, { cursorType: "string" });
    const ints = table.clone({ cursorType: "int" });
    await sql(
      `insert into ${table.name} (id, last_event_id, updated_at) values ('mailer', '${stored}', '2001-01-01 00:00:00')`,
    );
    await ints.setCursor(db, "mailer", "8");
    expect(await ints.getCursor(db, "mailer")).toBe("8");
  });

  test.each(["abc", "-5"])(
    "a text column that holds %j is invalid_cursor, naming table and consumer",
    async (stored) => {
      const db = await open();
      const table = await newTable(db, { cursorType: "string" });
      const ints = table.clone({ cursorType: "int" });
      await sql(
        `insert into ${table.name} (id, last_event_id, updated_at) values ('mailer', '${stored}', '2001-01-01 00:00:00')`,
      );
      const failure = {
        code: "invalid_cursor",
        message: `the cursor of mailer in ${table.name} is no number from 0 to 2^63-1, found "${stored}"; correct the row`,
      };
      await expect(ints.getCursor(db, "mailer")).rejects.toMatchObject(failure);
      await expect(ints.setCursor(db, "mailer", "1")).rejects.toMatchObject(failure);
      await ints.setCursor(db, "other", "1");
    },
  );
}

function registerString({ open, sql, mysql }: Target): void {
  const ascending = ["10", "9", "Z", "a", "b", "z", "ä", "ö", "～", "😀", "😀 "];
  const types = mysql
    ? [
        "varchar(40) character set utf8mb4 collate utf8mb4_general_ci",
        "varchar(40) character set utf8mb4 collate utf8mb4_bin",
        "varbinary(40)",
      ]
    : ["text", "text collate nocase"];

  test.each(types)("are ordered byte by byte in a column of type %s", async (type) => {
    const db = await open();
    const table = new CursorsTable(newName(), { asyncPeriodMs: 0, cursorType: "string" });
    const time = mysql ? "datetime(6)" : "text";
    await sql(
      `create table ${table.name} (id varchar(255) primary key, last_event_id ${type} not null, updated_at ${time} not null)`,
    );
    for (const [index, cursor] of ascending.entries()) {
      await table.setCursor(db, "mailer", cursor);
      expect(await table.getCursor(db, "mailer")).toBe(cursor);
      const lower = ascending[index - 1] ?? cursor;
      await expect(table.clone().setCursor(db, "mailer", lower)).rejects.toEqual(notAdvanced);
    }
  });

  test("one that someone replaced by its upper case is not taken for ours", async () => {
    const db = await open();
    const table = new CursorsTable(newName(), { asyncPeriodMs: 0, cursorType: "string" });
    const type = mysql ? "varchar(40) character set utf8mb4 collate utf8mb4_general_ci" : "text collate nocase";
    await sql(
      `create table ${table.name} (id varchar(40) primary key, last_event_id ${type} not null, updated_at ${mysql ? "datetime(6)" : "text"} not null)`,
    );
    await table.setCursor(db, "mailer", "page-a");
    await sql(`update ${table.name} set last_event_id = 'page-A'`);
    await expect(table.setCursor(db, "mailer", "page-b")).rejects.toMatchObject({ details: { existing: "page-A" } });
  });

  if (!mysql) return;

  test("are exact in a latin1 column, and refused where it has no such character", async () => {
    const db = await open();
    const table = new CursorsTable(newName(), { asyncPeriodMs: 0, cursorType: "string" });
    await sql(
      `create table ${table.name} (id varchar(40) primary key, last_event_id varchar(40) character set latin1 not null, updated_at datetime(6) not null)`,
    );
    await table.setCursor(db, "mailer", "ä");
    await table.setCursor(db, "mailer", "é");
    expect(await table.getCursor(db, "mailer")).toBe("é");
    await expect(table.setCursor(db, "mailer", "😀")).rejects.toMatchObject({
      code: "wrong_schema",
      message: expect.stringContaining("its character set is latin1, make it utf8mb4"),
    });
  });
}

function registerNames({ open, sql, mysql }: Target): void {
  test("fields renamed by options reach every statement, reserved words and spaces included", async () => {
    const db = await open();
    const table = new CursorsTable("order by me", {
      asyncPeriodMs: 0,
      idField: "select",
      cursorField: "last id",
      timeField: "group",
    });
    await createTables(db, [table]);
    await table.setCursor(db, "mailer", "1");
    await table.setCursor(db, "mailer", "2");
    await table.clone().setCursor(db, "mailer", "3");
    await expect(table.setCursor(db, "mailer", "4")).rejects.toEqual(notAdvanced);
    expect(await table.getCursor(db, "mailer")).toBe("3");
    const quote = mysql ? "`" : '"';
    await sql(`drop table ${quote}order by me${quote}`);
  });

  test("a table name may name its schema", async () => {
    const db = await open();
    const [row] = await sql(mysql ? "select database() as name" : "select 'main' as name");
    const table = new CursorsTable(`${row?.["name"] as string}.${newName()}`, { asyncPeriodMs: 0 });
    await createTables(db, [table]);
    await table.setCursor(db, "mailer", "1");
    await table.setCursor(db, "mailer", "2");
    expect(await table.getCursor(db, "mailer")).toBe("2");
  });

  test("a table as the Go library has it works, and keeps what it holds", async () => {
    const db = await open();
    const table = new CursorsTable(newName(), { asyncPeriodMs: 0 });
    await sql(
      `create table ${table.name} (id varchar(255) not null, last_event_id bigint not null, updated_at datetime not null, primary key (id))`,
    );
    await sql(`insert into ${table.name} values ('mailer', 41, '2024-05-06 07:08:09')`);
    expect(await table.getCursor(db, "mailer")).toBe("41");
    await table.setCursor(db, "mailer", "42");
    await table.setCursor(db, "new one", "1");
    expect(await sql(`select id, cast(last_event_id as char(20)) as c from ${table.name} order by id`)).toEqual([
      { id: "mailer", c: "42" },
      { id: "new one", c: "1" },
    ]);
  });
}
