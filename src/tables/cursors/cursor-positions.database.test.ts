import { describe, expect, test } from "vitest";
import { describeEachDatabase } from "../../../test/support/databases/test-database.ts";
import { newCursorsTable, newTableName } from "../../../test/support/tables/new-tables.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { positionOf } from "../../reflex/event-position.ts";
import { makeEvent } from "../events/make-event.ts";
import { createTables, schemaSql } from "../schema/table-schema.ts";
import { CursorsTable } from "./cursors-table.ts";

const event = (id: number): ReflexEvent =>
  makeEvent({ id, type: 3, foreignId: `o'${id}`, timestampMicros: 1_764_000_000_000_000 + id });

describeEachDatabase(({ engine, open, sql }) => {
  const positions = async (table: CursorsTable): Promise<Record<string, unknown>> => {
    const rows = await sql(`select id, position from ${table.name}`);
    return Object.fromEntries(rows.map((row) => [row["id"], row["position"]]));
  };

  describe("the position of a cursor", () => {
    // Catches a position that is written by another statement than the cursor, or made of another event.
    test("is that of the event with which the cursor was set, at the first time and at each later one", async () => {
      const db = await open();
      const store = (await newCursorsTable(db)).toStore(db);
      expect(await store.getPosition?.("mailer")).toBeUndefined();
      for (const id of [5, 6, 9]) {
        await store.setCursor("mailer", String(id), { event: event(id) });
        expect(await store.getPosition?.("mailer")).toBe(positionOf(event(id)));
      }
    });

    // Catches one way of writing that forgets it: rows are added and moved alone, by tens, and joined with a list.
    test.each([1, 2, 10, 11, 100, 101])("is written with %i cursors at a time, each its own", async (count) => {
      const db = await open();
      const table = await newCursorsTable(db, { asyncPeriodMs: 60_000 });
      const store = table.toStore(db);
      for (const round of [1, 2, 3]) {
        const set = Array.from({ length: count }, async (_, index) => {
          const id = round * 1000 + index;
          // In the third round every second consumer does not tell the event.
          const known = round < 3 || index % 2 === 0;
          await store.setCursor(`c${index}`, String(id), known ? { event: event(id) } : {});
        });
        await Promise.all(set);
        await store.flush();
        const found = await positions(table);
        const wanted = Array.from({ length: count }, (_, index) => {
          const position = round < 3 || index % 2 === 0 ? positionOf(event(round * 1000 + index)) : null;
          return [`c${index}`, position];
        });
        expect(found).toEqual(Object.fromEntries(wanted));
      }
      await table.close();
    });

    // Catches a position that outlives its cursor, and one of another event than the cursor's.
    test("is unknown once the cursor was set without its event, or with another", async () => {
      const db = await open();
      const table = await newCursorsTable(db);
      const store = table.toStore(db);
      await store.setCursor("mailer", "5", { event: event(5) });
      await store.setCursor("mailer", "6");
      expect(await store.getPosition?.("mailer")).toBeUndefined();
      await store.setCursor("mailer", "7", { event: event(5) });
      expect(await store.getPosition?.("mailer")).toBeUndefined();
      expect(await positions(table)).toEqual({ mailer: null });
    });

    // Catches a false alarm: Go's statement moves the cursor and knows of no position.
    test("is unknown once Go or a person has moved the cursor, and known again after the next event", async () => {
      const db = await open();
      const table = await newCursorsTable(db);
      const store = table.toStore(db);
      await store.setCursor("mailer", "5", { event: event(5) });
      await sql(`update ${table.name} set last_event_id = 8, updated_at = '2026-11-01 00:00:00' where id = 'mailer'`);
      expect(await table.clone().toStore(db).getPosition?.("mailer")).toBeUndefined();
      const restarted = table.clone().toStore(db);
      expect(await restarted.getCursor("mailer")).toBe("8");
      await restarted.setCursor("mailer", "9", { event: event(9) });
      expect(await restarted.getPosition?.("mailer")).toBe(positionOf(event(9)));
    });

    test("holds what is held back: getPosition writes first", async () => {
      const db = await open();
      const store = (await newCursorsTable(db, { asyncPeriodMs: 60_000 })).toStore(db);
      await store.setCursor("mailer", "5", { event: event(5) });
      expect(await store.getPosition?.("mailer")).toBe(positionOf(event(5)));
    });
  });

  describe("a table of an earlier form", () => {
    const forms = {
      go: "",
      fence: ", fence bigint null, event_micros bigint null",
    } as const;
    const mysql = engine !== undefined;
    const oldTable = async (
      form: keyof typeof forms,
    ): Promise<{ name: string; warnings: string[]; open: () => CursorsTable }> => {
      const name = newTableName("old_cursors");
      const id = mysql ? "varchar(255) character set utf8mb4 collate utf8mb4_bin" : "text";
      const time = mysql ? "datetime(6)" : "text";
      await sql(
        `create table ${name} (id ${id} not null primary key, last_event_id bigint not null, updated_at ${time} not null${forms[form]})`,
      );
      const warnings: string[] = [];
      const logger = { warn: (message: string) => void warnings.push(message) };
      return { name, warnings, open: () => new CursorsTable(name, { asyncPeriodMs: 0, logger }) };
    };
    const columnsOf = async (name: string): Promise<string[]> => {
      if (!mysql) return (await sql(`pragma table_info(${name})`)).map((row) => String(row["name"]));
      const text = `select column_name as name from information_schema.columns where table_schema = database() and table_name = '${name}' order by ordinal_position`;
      return (await sql(text)).map((row) => String(row["name"]));
    };
    const today = [
      "id",
      "last_event_id",
      "updated_at",
      "position",
      "fence",
      "owner",
      "generation",
      "request",
      "table_name",
    ];

    test.each(["go", "fence"] as const)("%s works as before, and says once what it lacks", async (form) => {
      const db = await open();
      const { warnings, open: openTable } = await oldTable(form);
      const table = openTable();
      const store = table.toStore(db);
      for (const id of [5, 6]) await store.setCursor("mailer", String(id), { event: event(id) });
      expect(await store.getCursor("mailer")).toBe("6");
      expect(await store.getPosition?.("mailer")).toBeUndefined();
      expect(await store.requests?.read("mailer")).toEqual({ state: "active", request: undefined });
      expect(warnings).toEqual([
        expect.stringMatching(
          /lacks the columns position, generation, request, table_name: .*createTables\(.*alter: true/,
        ),
      ]);
      await expect(table.pause(db, "mailer")).rejects.toMatchObject({ code: "wrong_schema" });
    });

    test.each(["go", "fence"] as const)("%s is altered only when that is asked for, and once", async (form) => {
      const db = await open();
      const { name, open: openTable } = await oldTable(form);
      const table = openTable();
      await table.setCursor(db, "mailer", "5");
      await createTables(db, [table]);
      expect(await columnsOf(name)).not.toContain("position");
      await Promise.all([createTables(db, [table], { alter: true }), createTables(db, [table], { alter: true })]);
      await createTables(db, [table], { alter: true });
      expect((await columnsOf(name)).toSorted()).toEqual(today.toSorted());
      expect(await openTable().getCursor(db, "mailer")).toBe("5");
    });

    // Catches a table that refuses what was asked before the columns were there, and tells to add them, until the next restart.
    test.each(["go", "fence"] as const)("%s takes requests as soon as it is altered", async (form) => {
      const db = await open();
      const { open: openTable } = await oldTable(form);
      const table = openTable();
      await table.setCursor(db, "mailer", "5");
      await expect(table.pause(db, "mailer", { force: true, waitMs: 0 })).rejects.toMatchObject({
        code: "wrong_schema",
      });
      await createTables(db, [table], { alter: true });
      await table.pause(db, "mailer", { force: true, waitMs: 0 });
      expect(await table.list(db)).toMatchObject([{ consumer: "mailer", state: "paused" }]);
    });

    test.each(["go", "fence"] as const)("%s is altered by what schemaSql prints", async (form) => {
      const db = await open();
      const { name, warnings, open: openTable } = await oldTable(form);
      const text = schemaSql(mysql ? "mysql" : "sqlite", [openTable()], { alterFrom: form });
      for (const statement of text.split(/;\n/).filter((part) => part.trim() !== "")) await sql(statement);
      expect(text).not.toContain(`create table if not exists \`${name}\``);
      expect((await columnsOf(name)).toSorted()).toEqual(today.toSorted());
      await openTable().setCursor(db, "mailer", "5");
      expect(warnings).toEqual([]);
    });

    // Catches a false alarm, and a lost move: a process that looked at the table before it was altered, and one after.
    test("is moved by turns by code of before and of after the change", async () => {
      const db = await open();
      const { open: openTable } = await oldTable("fence");
      const before = openTable().toStore(db);
      await before.setCursor("mailer", "1", { event: event(1) });
      await createTables(db, [openTable()], { alter: true });
      const after = openTable();
      for (const id of [2, 4, 6]) {
        const store = after.clone().toStore(db);
        expect(await store.getCursor("mailer")).toBe(String(id - 1));
        expect(await store.getPosition?.("mailer")).toBeUndefined();
        await store.setCursor("mailer", String(id), { event: event(id) });
        expect(await store.getPosition?.("mailer")).toBe(positionOf(event(id)));
        expect(await before.getCursor("mailer")).toBe(String(id));
        await before.setCursor("mailer", String(id + 1), { event: event(id + 1) });
      }
    });
  });
});
