import { expect, test } from "vitest";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { complaint } from "../../../test/support/tables/complaint.ts";
import { created, newTableName, rowCount } from "../../../test/support/tables/new-tables.ts";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { CursorsTable } from "../../tables/cursors/cursors-table.ts";
import { ErrorsTable } from "../../tables/errors/errors-table.ts";
import type { EventsTableOptions } from "../../tables/events/events-table-options.ts";
import { EventsTable } from "../../tables/events-table.ts";
import { getNextEvents } from "./read-events.ts";
import { testCursorsTable } from "./test-cursors-table.ts";
import { testErrorsTable } from "./test-errors-table.ts";
import { testEventsTable } from "./test-events-table.ts";

describeEachServer((engine) => {
  // Each statement makes a sound table wrong; the message must name the column and the remedy.
  test.each<[string, string, EventsTableOptions]>([
    ["modify timestamp datetime not null", "timestamp is datetime and must be datetime(6)", {}],
    ["modify id bigint not null", "must be auto_increment", {}],
    ["drop column type", "it has no column type", {}],
    ["engine = MyISAM", "its engine must be InnoDB", {}],
    ["drop column metadata", "it has no column metadata", { metadataField: "metadata" }],
    ["modify metadata varbinary(3)", "metadata", { metadataField: "metadata" }],
    ["modify metadata binary(16)", "metadata is binary(16)", { metadataField: "metadata" }],
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
    expect(await rowCount(pool, table.name)).toBe(0);
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
    expect(await rowCount(pool, table.name)).toBe(0);
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
