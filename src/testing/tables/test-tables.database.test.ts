import { expect, test } from "vitest";
import { describeEachDatabase } from "../../../test/support/databases/test-database.ts";
import { complaint } from "../../../test/support/tables/complaint.ts";
import { created, newTableName, rowCount } from "../../../test/support/tables/new-tables.ts";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { CursorsTable } from "../../tables/cursors/cursors-table.ts";
import { ErrorsTable } from "../../tables/errors/errors-table.ts";
import type { EventsTableOptions } from "../../tables/events/events-table-options.ts";
import { EventsTable } from "../../tables/events-table.ts";
import { EventsTableInt } from "../../tables/events-table-int.ts";
import { getNextEvents } from "./read-events.ts";
import { testCursorsTable } from "./test-cursors-table.ts";
import { testErrorsTable } from "./test-errors-table.ts";
import { testEventsTable, testEventsTableInt, testEventsTableWithId } from "./test-events-table.ts";

async function execute(db: DatabaseHandle, sql: string): Promise<void> {
  await toDatabase(db).run(sql, []);
}

const eventTables: readonly [title: string, EventsTableOptions][] = [
  ["", {}],
  [" with metadata", { metadataField: "metadata" }],
  [" with types and a trace", { types: { Placed: 7, Paid: 8 }, traceField: "trace", trace: () => Uint8Array.of(1) }],
  [
    " with columns of other names",
    { idField: "event id", timeField: "at", typeField: "kind", foreignIdField: "whose" },
  ],
];

describeEachDatabase(({ open }) => {
  // Catches a check that relies on the default options, or that inserts types that the table does not have.
  test.each(eventTables)("an events table%s passes, and keeps the events of the check", async (_, options) => {
    const db = await open();
    const table = await created(db, new EventsTable(newTableName(), options));
    await testEventsTable(db, table);
    await testEventsTableWithId(db, table, "o-17");
    const events = await getNextEvents(db, table, "");
    expect(events.length).toBe(options.metadataField === undefined ? 2 : 4);
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set([options.types?.["Placed"] ?? 1]));
    expect(events.at(-1)?.foreignId).toBe("o-17");
  });

  // Catches a foreign id that goes through a number.
  test("an events table of integers passes, with foreign ids of 63 bits too", async () => {
    const db = await open();
    const table = await created(db, new EventsTableInt(newTableName(), { metadataField: "metadata" }));
    await testEventsTableInt(db, table);
    await testEventsTableInt(db, table, 9223372036854775807n);
    const events = await getNextEvents(db, table, "2");
    expect(events.map(({ foreignId }) => foreignId)).toEqual(["9223372036854775807", "9223372036854775807"]);
  });

  // Catches a check that leaves rows behind, or deletes those of others.
  test.each([{}, { cursorType: "string" }, { idField: "name", cursorField: "place", timeField: "at" }] as const)(
    "a cursors table with %j passes, and has after it the rows that it had before",
    async (options) => {
      const db = await open();
      const table = await created(db, new CursorsTable(newTableName(), { asyncPeriodMs: 0, ...options }));
      await table.setCursor(db, "mailer", "5");
      await testCursorsTable(db, table);
      await testCursorsTable(db, table);
      expect(await rowCount(db, table.name)).toBe(1);
      expect(await table.getCursor(db, "mailer")).toBe("5");
    },
  );

  // Catches a check that leaves errors behind, which someone would take for real ones, or needs the events table.
  test.each([{}, { recordOnly: true }, { messageField: "error_msg", statusField: "error_status" }])(
    "an errors table with %j passes, and has no errors after it",
    async (options) => {
      const db = await open();
      const table = await created(db, new ErrorsTable({ tableName: newTableName(), ...options }));
      await testErrorsTable(db, table);
      await testErrorsTable(db, table);
      expect(await rowCount(db, table.name)).toBe(0);
      if (table.events !== undefined) expect(await rowCount(db, table.events.name)).toBe(6);
    },
  );

  // Catches a check that looks for events where the program does not write them.
  test("an errors table passes whose events are inserted elsewhere", async () => {
    const db = await open();
    const tableName = newTableName();
    await created(db, new ErrorsTable({ tableName, recordOnly: true }));
    const recorded: string[] = [];
    const table = new ErrorsTable({ tableName, eventInserter: async (_, foreignId) => void recorded.push(foreignId) });
    await testErrorsTable(db, table);
    expect(recorded.length).toBe(3);
  });

  // Catches the driver's own words for a missing table, and an error of removing that hides them.
  test("a table that is missing fails with what to do", async () => {
    const db = await open();
    const missing = /can't be (used|streamed|looked at).*createTables|could not be looked at.*createTables/s;
    expect(await complaint(testEventsTableWithId(db, new EventsTable(newTableName()), "1"))).toMatch(missing);
    expect(await complaint(testEventsTable(db, new EventsTable(newTableName())))).toMatch(missing);
    expect(await complaint(testCursorsTable(db, new CursorsTable(newTableName())))).toMatch(missing);
    expect(await complaint(testErrorsTable(db, new ErrorsTable({ tableName: newTableName() })))).toMatch(missing);
  });

  // Catches a check that looks only at the schema: here only the insert tells that a column is in its way.
  test("an events table whose inserts fail does not pass", async () => {
    const db = await open();
    const table = await created(db, new EventsTable(newTableName()));
    await execute(db, `create unique index ${table.name}_once on ${table.name} (foreign_id)`);
    await testEventsTable(db, table);
    expect(await complaint(testEventsTable(db, table))).toContain(`could not be inserted into ${table.name}`);
  });
}, "each driver");
