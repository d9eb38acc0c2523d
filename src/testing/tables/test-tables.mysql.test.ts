import { AssertionError } from "node:assert";
import Libsql from "libsql";
import { afterAll, describe, expect, test } from "vitest";
import { newTableName } from "../../../test/support/contracts/contract-tests.ts";
import { describeEachEngine, describeEachServer } from "../../../test/support/servers/engines.ts";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { sqliteDatabase } from "../../database/sqlite/sqlite-database.ts";
import { CursorsTable } from "../../tables/cursors/cursors-table.ts";
import { ErrorsTable } from "../../tables/errors/errors-table.ts";
import type { EventsTableOptions } from "../../tables/events/events-table-options.ts";
import { EventsTable } from "../../tables/events-table.ts";
import { EventsTableInt } from "../../tables/events-table-int.ts";
import { createTables, type SchemaSource } from "../../tables/schema/table-schema.ts";
import { getNextEvents } from "./read-events.ts";
import { testCursorsTable } from "./test-cursors-table.ts";
import { testErrorsTable } from "./test-errors-table.ts";
import { testEventsTable, testEventsTableInt, testEventsTableWithId } from "./test-events-table.ts";

async function created<T extends SchemaSource>(db: DatabaseHandle, table: T): Promise<T> {
  await createTables(db, [table]);
  return table;
}

async function execute(db: DatabaseHandle, sql: string): Promise<void> {
  await toDatabase(db).run(sql, []);
}

async function count(db: DatabaseHandle, table: string): Promise<number> {
  const [row] = await toDatabase(db).rows<{ rows_number: number | bigint }>(
    `select count(*) as rows_number from ${table}`,
    [],
  );
  return Number(row?.rows_number);
}

/** What a check says that must fail. */
async function complaint(check: Promise<void>): Promise<string> {
  const error = await check.then(
    () => new Error("it passed"),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AssertionError);
  return (error as AssertionError).message;
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

/** What holds on any database. */
function registerAll(open: () => Promise<DatabaseHandle>): void {
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
      expect(await count(db, table.name)).toBe(1);
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
      expect(await count(db, table.name)).toBe(0);
      if (table.events !== undefined) expect(await count(db, table.events.name)).toBe(6);
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
}

describeEachEngine((engine) => {
  let pool: Promise<DatabaseHandle> | undefined;
  registerAll(() => (pool ??= engine.createPool()));
});

describe("SQLite", () => {
  const handle = new Libsql(":memory:");
  afterAll(() => {
    sqliteDatabase(handle).close();
    handle.close();
  });
  registerAll(() => Promise.resolve(handle));
});

describeEachServer((engine) => {
  // Each statement makes a sound table wrong; the message must name the column and the remedy.
  test.each<[string, string, EventsTableOptions]>([
    ["modify timestamp datetime not null", "timestamp is datetime and must be datetime(6)", {}],
    ["modify id bigint not null", "must be auto_increment", {}],
    ["drop column type", "it has no column type", {}],
    ["engine = MyISAM", "its engine must be InnoDB", {}],
    ["drop column metadata", "it has no column metadata", { metadataField: "metadata" }],
    ["modify metadata varbinary(3)", "metadata", { metadataField: "metadata" }],
    ["modify metadata binary(16)", "metadata of", { metadataField: "metadata" }],
    ["add column total int not null", "could not be inserted", {}],
    ["modify foreign_id binary(16)", 'set the option foreignIdColumn to "binary"', {}],
  ])("an events table after alter table %s does not pass", async (change, message, options) => {
    const pool = await engine.createRawPool();
    const table = await created(pool, new EventsTable(newTableName(), options));
    await pool.query(`alter table ${table.name} ${change}`);
    expect(await complaint(testEventsTable(pool, table))).toContain(message);
  });

  // Catches a time that is read in the wrong zone, which a check of the schema can't see.
  test("an events table whose clock is hours off does not pass", async () => {
    const pool = await engine.createRawPool();
    const inserter: EventsTableOptions["inserter"] = async (tx, event) => {
      const sql = `insert into ${table.name} (foreign_id, timestamp, type) values (?, utc_timestamp(6) + interval 2 hour, ?)`;
      await tx.run(sql, [event.foreignId, event.type]);
    };
    const table: EventsTable = await created(pool, new EventsTable(newTableName(), { inserter }));
    expect(await complaint(testEventsTable(pool, table))).toMatch(/7\d{3} s off the server's clock.*storedZone/);
  });

  // Catches a foreign id that the column pads, so that the event that comes back is another one's.
  test.each([["binary(16)"], ["varbinary(16)"]])("an events table whose foreign ids are %s passes", async (type) => {
    const pool = await engine.createRawPool();
    const table = await created(pool, new EventsTable(newTableName(), { foreignIdColumn: "binary" }));
    await pool.query(`alter table ${table.name} modify foreign_id ${type} not null`);
    await testEventsTable(pool, table);
    const [event] = await getNextEvents(pool, table, "");
    expect(event?.foreignId).toMatch(/^(01)+$/);
  });

  test.each<[string, string]>([
    ["modify last_event_id int not null", "make it bigint"],
    ["modify id varchar(255) character set utf8mb4 collate utf8mb4_general_ci not null", "utf8mb4_bin"],
    ["drop primary key", "must be the primary key or unique"],
    ["drop column updated_at", "it has no column updated_at"],
  ])("a cursors table after alter table %s does not pass, and has no rows after it", async (change, message) => {
    const pool = await engine.createRawPool();
    const table = await created(pool, new CursorsTable(newTableName()));
    await pool.query(`alter table ${table.name} ${change}`);
    expect(await complaint(testCursorsTable(pool, table))).toContain(message);
    expect(await count(pool, table.name)).toBe(0);
  });

  test.each<[string, string]>([
    ["modify event_id int not null", "make it bigint"],
    ["drop key by_consumer_and_event", "it needs a unique key on (consumer, event_id)"],
    ["drop column status", "it has no column status"],
  ])("an errors table after alter table %s does not pass, and has no rows after it", async (change, message) => {
    const pool = await engine.createRawPool();
    const table = await created(pool, new ErrorsTable({ tableName: newTableName() }));
    await pool.query(`alter table ${table.name} ${change}`);
    expect(await complaint(testErrorsTable(pool, table))).toContain(message);
    expect(await count(pool, table.name)).toBe(0);
  });

  // Catches a mistake in the test itself that is told as a fault of the table.
  test("a connection in place of a pool is told as such", async () => {
    const pool = await engine.createRawPool();
    const connection = await pool.getConnection();
    const table = await created(pool, new EventsTable(newTableName()));
    await expect(testEventsTable(connection as unknown as DatabaseHandle, table)).rejects.toMatchObject({
      name: "TypeError",
      code: "invalid_argument",
    });
    connection.release();
  });
});
