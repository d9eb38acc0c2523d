import { describe, expect, test } from "vitest";
import { describeEachDatabase } from "../../../test/support/databases/test-database.ts";
import { newCursorsTable, newTableName } from "../../../test/support/tables/new-tables.ts";
import { createTables } from "../schema/table-schema.ts";
import { CursorsTable } from "./cursors-table.ts";

const notAdvanced = expect.objectContaining({ code: "cursor_not_advanced" });

describeEachDatabase(({ engine, open, sql }) => {
  const mysql = engine !== undefined;
  describe("set at once", () => {
    test("a consumer without a row has no cursor, and one that was set has it in every other table object", async () => {
      const db = await open();
      const table = await newCursorsTable(db);
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
        const table = await newCursorsTable(db);
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
      const table = await newCursorsTable(db);
      await expect(table.setCursor(db, "mailer", cursor as string)).rejects.toMatchObject({ code: "invalid_cursor" });
      expect(await table.getCursor(db, "mailer")).toBe("");
    });

    test("the time of the last change moves with the cursor", async () => {
      const db = await open();
      const table = await newCursorsTable(db);
      await table.setCursor(db, "mailer", "5");
      await sql(`update ${table.name} set updated_at = '2001-01-01 00:00:00'`);
      await table.setCursor(db, "mailer", "6");
      const [row] = await sql(`select cast(updated_at as char(4)) as year from ${table.name}`);
      expect(row?.["year"]).not.toBe("2001");
    });

    test("a cursor that was set back by hand can be set again at once, without a restart", async () => {
      const db = await open();
      const table = await newCursorsTable(db);
      await table.setCursor(db, "mailer", "500");
      await sql(`update ${table.name} set last_event_id = 3`);
      await table.setCursor(db, "mailer", "4");
      expect(await table.getCursor(db, "mailer")).toBe("4");
    });

    test("a cursor that someone else moved is kept, told to the one who sets, who can then go on beyond it", async () => {
      const db = await open();
      const table = await newCursorsTable(db);
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
      const table = await newCursorsTable(db);
      const [one, two] = [table.clone(), table.clone()];
      const seen: bigint[] = [];
      const lost: unknown[] = [];
      for (let cursor = 2; cursor <= 200; cursor += 2) {
        const race = [one.setCursor(db, "mailer", `${cursor}`), two.setCursor(db, "mailer", `${cursor + 1}`)];
        const results = await Promise.allSettled(race);
        lost.push(...results.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : [])));
        seen.push(BigInt(await table.getCursor(db, "mailer")));
      }
      expect(seen).toEqual(seen.toSorted((a, b) => (a < b ? -1 : 1)));
      expect(new Set(seen).size).toBe(100);
      // Each round one of them finds that the other was there, in this round or the one before.
      expect(lost.length).toBeGreaterThanOrEqual(99);
      expect(lost).toEqual(lost.map(() => notAdvanced));
    });
  });

  describe("names of columns and tables", () => {
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
      const table = new CursorsTable(`${row?.["name"] as string}.${newTableName()}`, { asyncPeriodMs: 0 });
      await createTables(db, [table]);
      await table.setCursor(db, "mailer", "1");
      await table.setCursor(db, "mailer", "2");
      expect(await table.getCursor(db, "mailer")).toBe("2");
    });

    test("a table as the Go library has it works, and keeps what it holds", async () => {
      const db = await open();
      const table = new CursorsTable(newTableName(), { asyncPeriodMs: 0 });
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
  });
});
