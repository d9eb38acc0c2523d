import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { describeEachDatabase } from "../../../test/support/databases/test-database.ts";
import { failureOf } from "../../../test/support/errors/failure-of.ts";
import { newCursorsTable, newTableName } from "../../../test/support/tables/new-tables.ts";
import { CursorsTable } from "./cursors-table.ts";

const notAdvanced = expect.objectContaining({ code: "cursor_not_advanced" });

describeEachDatabase(({ engine, open, sql }) => {
  const mysql = engine !== undefined;
  describe("int cursors", () => {
    const columns = mysql
      ? ["bigint", "bigint unsigned", "varchar(40)", "bigint(20) zerofill"]
      : ["integer", "text", "varchar(40)"];

    test.each(columns)("compare as numbers and exactly beyond 2^53 in a column of type %s", async (type) => {
      const db = await open();
      const table = new CursorsTable(newTableName(), { asyncPeriodMs: 0 });
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
      const table = await newCursorsTable(db, { cursorType: "string" });
      const ints = table.clone({ cursorType: "int" });
      await sql(
        `insert into ${table.name} (id, last_event_id, updated_at) values ('mailer', '${stored}', '2001-01-01 00:00:00')`,
      );
      await ints.setCursor(db, "mailer", "8");
      expect(await ints.getCursor(db, "mailer")).toBe("8");
    });

    // Catches a message or details that repeat what stands in the row, which may be anything.
    test.each(["canary-7f3a", "-5"])(
      "a text column that holds %j is invalid_cursor, naming table and consumer but not the text",
      async (stored) => {
        const db = await open();
        const table = await newCursorsTable(db, { cursorType: "string" });
        const ints = table.clone({ cursorType: "int" });
        await sql(
          `insert into ${table.name} (id, last_event_id, updated_at) values ('mailer', '${stored}', '2001-01-01 00:00:00')`,
        );
        const failure = {
          code: "invalid_cursor",
          message: `the cursor of mailer in ${table.name} is no number from 0 to 2^63-1, found a string of ${stored.length} characters; correct the row`,
          details: { table: table.name, consumer: "mailer" },
        };
        await expect(ints.getCursor(db, "mailer")).rejects.toMatchObject(failure);
        await expect(ints.setCursor(db, "mailer", "1")).rejects.toMatchObject(failure);
        await expect(ints.list(db)).rejects.toMatchObject(failure);
        for (const ask of [() => ints.getCursor(db, "mailer"), () => ints.list(db)]) {
          expect(inspect(await failureOf(ask))).not.toContain(stored === "-5" ? '"-5"' : stored);
        }
        await ints.setCursor(db, "other", "1");
      },
    );
  });

  describe("string cursors", () => {
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
      const table = new CursorsTable(newTableName(), { asyncPeriodMs: 0, cursorType: "string" });
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
      const table = new CursorsTable(newTableName(), { asyncPeriodMs: 0, cursorType: "string" });
      const type = mysql ? "varchar(40) character set utf8mb4 collate utf8mb4_general_ci" : "text collate nocase";
      await sql(
        `create table ${table.name} (id varchar(40) primary key, last_event_id ${type} not null, updated_at ${mysql ? "datetime(6)" : "text"} not null)`,
      );
      await table.setCursor(db, "mailer", "page-a");
      await sql(`update ${table.name} set last_event_id = 'page-A'`);
      await expect(table.setCursor(db, "mailer", "page-b")).rejects.toMatchObject({ details: { existing: "page-A" } });
    });
  });
});
