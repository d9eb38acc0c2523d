import { setTimeout as delay } from "node:timers/promises";
import Libsql from "libsql";
import { afterAll, describe, expect, test } from "vitest";
import { newTableName } from "../../../test/support/contracts/contract-tests.ts";
import { describeEachEngine, describeEachServer } from "../../../test/support/servers/engines.ts";
import { openInsert } from "../../../test/support/streams/streams.ts";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { sqliteDatabase } from "../../database/sqlite/sqlite-database.ts";
import type { EventsTableOptions } from "../../tables/events/events-table-options.ts";
import { EventsTable } from "../../tables/events-table.ts";
import { createTables } from "../../tables/schema/table-schema.ts";
import { getLatestId, getNextEvents } from "./read-events.ts";

async function createdEvents(db: DatabaseHandle, options: EventsTableOptions = {}): Promise<EventsTable> {
  const table = new EventsTable(newTableName(), options);
  await createTables(db, [table]);
  return table;
}

/** What holds on any database. */
function registerAll(open: () => Promise<DatabaseHandle>): void {
  // Catches an id that is read as a number, one that is the last as text, and one from a column that is always called id.
  test("the latest id of a table is exact, 0 when it is empty, and read from its own id column", async () => {
    const db = await open();
    const table = await createdEvents(db, { idField: "event_id" });
    expect(await getLatestId(db, table)).toBe("0");
    await toDatabase(db).run(
      `insert into ${table.name} (event_id, foreign_id, timestamp, type) values (99, 'a', '2024-01-01', 1), (9007199254740993, 'b', '2024-01-01', 1)`,
      [],
    );
    expect(await getLatestId(db, table)).toBe("9007199254740993");
    expect(await getLatestId(db, table.name, "event_id")).toBe("9007199254740993");
    await expect(getLatestId(db, table.name)).rejects.toMatchObject({ code: "wrong_schema" });
    await expect(getLatestId(db, "missing")).rejects.toMatchObject({ code: "wrong_schema" });
  });

  // Catches a lag that is ignored, that is waited for, or that leaves gaps instead of ending the list.
  test("the next events are those after a cursor, as old as the lag says", async () => {
    const db = await open();
    const table = await createdEvents(db, { limit: 2 });
    await table.insertMany(
      db,
      ["a", "b", "c"].map((foreignId) => ({ foreignId, type: 1 })),
    );
    expect((await getNextEvents(db, table, "")).map(({ id }) => id)).toEqual(["1", "2", "3"]);
    expect((await getNextEvents(db, table, "2")).map(({ id }) => id)).toEqual(["3"]);
    expect(await getNextEvents(db, table, "3")).toEqual([]);
    expect(await getNextEvents(db, table, "", 600_000)).toEqual([]);
    await delay(20);
    expect((await getNextEvents(db, table, "", 5)).map(({ id }) => id)).toEqual(["1", "2", "3"]);
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
  // Catches a list that ends at a gap as if that were the head, and one that waits for it until the runner gives up.
  test("the next events are refused while an open transaction holds them up", async () => {
    const pool = await engine.createRawPool();
    const table = await createdEvents(pool);
    await table.insert(pool, "a", 1);
    const open = await openInsert(pool, table);
    await table.insert(pool, "c", 1);
    await expect(getNextEvents(pool, table, "")).rejects.toMatchObject({
      code: "time_limit",
      message: expect.stringContaining("an open transaction may hold the next one") as string,
    });
    await open.rollback();
    expect((await getNextEvents(pool, table, "")).map(({ foreignId }) => foreignId)).toEqual(["a", "c"]);
  });
});
