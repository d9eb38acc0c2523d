import { describe, expect, test } from "vitest";
import { openSqlite } from "../../../test/support/databases/sqlite-handle.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { transaction } from "../../database/handles/transaction.ts";
import { EventsTable } from "../events-table.ts";
import { EventsTableInt } from "../events-table-int.ts";

const COLUMNS = "id integer primary key autoincrement, type integer not null, timestamp text not null";

describe("on SQLite, an insert refuses a foreign id of which its column makes a number", () => {
  // Columns of these types have an affinity to numbers.
  test.each([
    ["integer", "007"],
    ["integer", "1e3"],
    ["integer", "99999999999999999999"],
    ["numeric", "1.50"],
    ["decimal(10, 2)", "1.50"],
    ["real", "7"],
    ["uuid", " 7"],
  ])("in a column of type %s: %j", async (type, foreignId) => {
    const handle = openSqlite(`create table events (${COLUMNS}, foreign_id ${type} not null)`);
    const table = new EventsTable("events");
    const inserting = transaction(handle, (tx) => table.insert(tx, foreignId, 1));
    await expect(inserting).rejects.toMatchObject({ code: "value_changed", details: { table: "events" } });
    await expect(inserting).rejects.not.toThrow(foreignId);
    expect(await toDatabase(handle).rows("select id from events", [])).toEqual([]);
  });

  test.each([
    ["integer", "7"],
    ["integer", "-9223372036854775808"],
    ["integer", "o-17"],
    ["text", "007"],
    ["varchar(10)", "1e3 and longer than ten"],
    ["blob", "1.50"],
    ["", "007"],
    ["uuid", "3f2504e0-4f89-41d3-9a0c-0305e82c3301"],
  ])("and takes what a column of type '%s' keeps: %j", async (type, foreignId) => {
    const handle = openSqlite(`create table events (${COLUMNS}, foreign_id ${type} not null)`);
    await new EventsTable("events").insert(handle, foreignId, 1);
    const [row] = await toDatabase(handle).rows("select cast(foreign_id as text) as text from events", []);
    expect(row).toEqual({ text: foreignId });
  });

  test("of an EventsTableInt, where it would round it", async () => {
    const handle = openSqlite(`create table events (${COLUMNS}, foreign_id double not null)`);
    const inserting = new EventsTableInt("events").insert(handle, 2n ** 53n + 1n, 1);
    await expect(inserting).rejects.toMatchObject({ code: "value_changed" });
  });

  test.each(["a\ud83d", "\udc00"])("and half of a surrogate pair: %j", async (foreignId) => {
    const handle = openSqlite(`create table events (${COLUMNS}, foreign_id text not null)`);
    const inserting = new EventsTable("events").insert(handle, foreignId, 1);
    await expect(inserting).rejects.toMatchObject({ code: "invalid_argument" });
  });

  // A driver gives back what is before the zero character.
  test("and one with a zero character", async () => {
    const handle = openSqlite(`create table events (${COLUMNS}, foreign_id text not null)`);
    const inserting = new EventsTable("events").insert(handle, "a\0b", 1);
    await expect(inserting).rejects.toMatchObject({ code: "value_changed" });
  });
});
