import type Libsql from "libsql";
import { CursorsTable, createTables, ErrorsTable, EventsTable, type EventsTableOptions } from "reflex-rsql";
import { expect, test } from "vitest";
import { openSqlite } from "../support/databases/sqlite-handle.ts";

function rowOf(db: Libsql.Database, table: string): Record<string, unknown> {
  return db.prepare(`select * from ${table}`).get() as Record<string, unknown>;
}

const eventColumns = { id: "id", timestamp: "timestamp", type: "type", foreign_id: "foreign_id" };
const bytes = { metadata: "metadata", trace: "trace" };

// The tables are made by hand: one made from the options would agree with whatever they are taken for.
// Catches an option that is ignored, by inserts or by streams.
test.each([
  { part: "id", option: "idField", value: 1 },
  { part: "timestamp", option: "timeField", value: expect.any(String) as unknown },
  { part: "type", option: "typeField", value: 7 },
  { part: "foreign_id", option: "foreignIdField", value: "o-17" },
  { part: "metadata", option: "metadataField", value: expect.anything() as unknown },
  { part: "trace", option: "traceField", value: expect.anything() as unknown },
] as const)(
  "an events table keeps $part in the column that $option names, and nowhere else",
  async ({ part, option, value }) => {
    const columns = { ...eventColumns, ...bytes, [part]: "own name" };
    const db = openSqlite(
      `create table orders (
        "${columns.id}" integer primary key autoincrement, "${columns.timestamp}" text not null,
        "${columns.type}" integer not null, "${columns.foreign_id}" text not null,
        "${columns.metadata}" blob, "${columns.trace}" blob)`,
    );
    const options: EventsTableOptions = { metadataField: "metadata", traceField: "trace", [option]: "own name" };
    const table = new EventsTable("orders", { ...options, trace: () => Uint8Array.of(8) });
    await table.insertWithMetadata(db, "o-17", 7, "m");
    expect(rowOf(db, "orders")).toMatchObject({ "own name": value });
    const { value: event } = await table.stream(db, "", { toHead: true }).next();
    expect(event).toMatchObject({ id: "1", type: 7, foreignId: "o-17" });
    expect(Buffer.from(event?.metadata ?? []).toString()).toBe("m");
    expect([...(event?.trace ?? [])]).toEqual([8]);
    expect(event?.timestampMicros).toBeGreaterThan(0);
  },
);

// Catches an option that is ignored, when a cursor is set, moved or read.
test.each([
  { part: "id", option: "idField", value: "mailer" },
  { part: "last_event_id", option: "cursorField", value: 6 },
  { part: "updated_at", option: "timeField", value: expect.any(String) as unknown },
] as const)(
  "a cursors table keeps $part in the column that $option names, and nowhere else",
  async ({ part, option, value }) => {
    const columns = { id: "id", last_event_id: "last_event_id", updated_at: "updated_at", [part]: "own name" };
    const db = openSqlite(
      `create table cursors ("${columns.id}" text primary key, "${columns.last_event_id}" integer not null,
        "${columns.updated_at}" text not null)`,
    );
    const table = new CursorsTable("cursors", { asyncPeriodMs: 0, [option]: "own name" });
    await table.setCursor(db, "mailer", "5");
    await table.setCursor(db, "mailer", "6");
    expect(await table.clone().getCursor(db, "mailer")).toBe("6");
    expect(rowOf(db, "cursors")).toMatchObject({ "own name": value });
  },
);

// Catches a table of the default name in its place, in the statements or in the schema.
test("an errors table is kept in the table that tableName names", async () => {
  const db = openSqlite();
  const errors = new ErrorsTable({ tableName: "failures" });
  await createTables(db, [errors]);
  await errors.toErrorInserter(db)({ consumer: "mailer", eventId: "7", message: "no such address" });
  expect(rowOf(db, "failures")).toMatchObject({ consumer: "mailer", event_id: 7 });
  expect(rowOf(db, "failures_events")).toMatchObject({ foreign_id: "1" });
});
