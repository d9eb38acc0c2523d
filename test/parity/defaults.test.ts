import { createTables, ErrorsTable } from "reflex-rsql";
import { expect, test } from "vitest";
import { toCursorsTableConfig } from "../../src/tables/cursors/cursors-table-options.ts";
import { toErrorsTableConfig } from "../../src/tables/errors/errors-table-options.ts";
import { toEventsTableConfig } from "../../src/tables/events/events-table-options.ts";
import { openSqlite } from "../support/databases/sqlite-handle.ts";

// Each catches: a default that was changed, by which a table that exists is no longer found or read as before.
test("an events table without options has the defaults of the table", () => {
  expect(toEventsTableConfig("table orders", {})).toMatchObject({
    fields: {
      id: "id",
      time: "timestamp",
      type: "type",
      foreignId: "foreign_id",
      metadata: undefined,
      trace: undefined,
    },
    backoffMs: 10_000,
    cache: true,
    includeNoops: false,
    loader: undefined,
    inserter: undefined,
    gaps: { filling: true },
    wake: { hotMs: 5, idleMs: 45, gtid: true },
  });
});

test("a cursors table without options has the defaults of the table", () => {
  expect(toCursorsTableConfig("cursors", {})).toMatchObject({
    fields: { id: "id", cursor: "last_event_id", time: "updated_at" },
    asyncPeriodMs: 5000,
    cursorType: "int",
    onSetCursor: undefined,
    sleep: undefined,
  });
});

test("an errors table without options has the defaults of the table", () => {
  expect(toErrorsTableConfig({})).toMatchObject({
    table: "consumer_errors",
    fields: {
      id: "id",
      eventId: "event_id",
      consumer: "consumer",
      message: "msg",
      createdAt: "created_at",
      updatedAt: "updated_at",
      status: "status",
    },
    inserter: undefined,
    onErrorRecorded: undefined,
  });
});

// Catches events that have to be asked for.
test("errors are streamed and recorded without any option", async () => {
  const db = openSqlite();
  const errors = new ErrorsTable();
  await createTables(db, [errors]);
  const id = await errors.toErrorInserter(db)({ consumer: "mailer", eventId: "7", message: "no such address" });
  expect(db.prepare("select * from consumer_errors").get()).toMatchObject({ consumer: "mailer", event_id: 7 });
  const { value: event } = await errors.events.stream(db, "", { toHead: true }).next();
  expect(event).toMatchObject({ foreignId: id });
});
