import { CursorsTable, createTables, EventsTable, EventsTableInt, foreignIdInt } from "reflex-rsql";
import { expect, expectTypeOf, test } from "vitest";
import { openSqlite } from "../support/databases/sqlite-handle.ts";
import { allOf } from "../support/events/all-of.ts";
import { insertEach } from "../support/streams/streams.ts";

// Catches options of the table that are lost on the way, a cursor that is ignored, and a call that can't change its mind.
test("toStream gives a function that streams after a cursor, whose own options win", async () => {
  const db = openSqlite();
  const table = new EventsTable("orders");
  await createTables(db, [table]);
  await insertEach(db, table, ["a", "b", "c"]);
  const stream = table.toStream(db, { toHead: true, fromHead: true });
  expect(await allOf(stream(""))).toEqual([]);
  expect((await allOf(stream("1", { fromHead: false }))).map(({ foreignId }) => foreignId)).toEqual(["b", "c"]);
});

// Catches a clone that takes text, as the class beside it, and one that forgets either's options.
test("a clone of a table of integers is one too, with the options of both", async () => {
  const db = openSqlite();
  const table = new EventsTableInt("orders", { metadataField: "m" });
  const clone = table.clone({ includeNoops: true });
  expectTypeOf(clone).toEqualTypeOf<EventsTableInt>();
  expect(clone).toBeInstanceOf(EventsTableInt);
  await createTables(db, [clone]);
  await clone.insertWithMetadata(db, 42, 1, "bytes");
  db.exec("insert into orders (foreign_id, timestamp, type) values (0, '2026-01-02 03:04:05.000', 0)");
  const events = await allOf(clone.stream(db, "", { toHead: true }));
  expect(events.map(foreignIdInt)).toEqual([42n, 0n]);
  expect(await allOf(table.stream(db, "", { toHead: true }))).toHaveLength(1);
});

// Catches a period that is ignored, in other units, or of another default.
test("cursors are held back for asyncPeriodMs, 5 s unless it is given", async () => {
  const db = openSqlite();
  const periods: number[] = [];
  const sleep = (delayMs: number): Promise<void> => {
    periods.push(delayMs);
    return new Promise(() => undefined);
  };
  const table = new CursorsTable("cursors", { sleep });
  await createTables(db, [table]);
  await table.setCursor(db, "mailer", "1");
  const other = table.clone({ asyncPeriodMs: 1234 });
  await other.setCursor(db, "printer", "1");
  expect(periods).toEqual([5000, 1234]);
  expect(db.prepare("select count(*) as n from cursors").get()).toMatchObject({ n: 0 });
  await Promise.all([table.close(), other.close()]);
});
