import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { describeEachDatabase } from "../../../test/support/databases/test-database.ts";
import { insertEach, makeTable } from "../../../test/support/streams/streams.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { getLatestId, getNextEvents } from "./read-events.ts";

describeEachDatabase(({ open }) => {
  // Catches an id that is read as a number, one that is the last as text, and one from a column that is always called id.
  test("the latest id of a table is exact, 0 when it is empty, and read from its own id column", async () => {
    const db = await open();
    const table = await makeTable(db, { idField: "event_id" });
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
    const table = await makeTable(db, { limit: 2 });
    await insertEach(db, table, ["a", "b", "c"]);
    expect((await getNextEvents(db, table, "")).map(({ id }) => id)).toEqual(["1", "2", "3"]);
    expect((await getNextEvents(db, table, "2")).map(({ id }) => id)).toEqual(["3"]);
    expect(await getNextEvents(db, table, "3")).toEqual([]);
    expect(await getNextEvents(db, table, "", 600_000)).toEqual([]);
    await delay(20);
    expect((await getNextEvents(db, table, "", 5)).map(({ id }) => id)).toEqual(["1", "2", "3"]);
  });
}, "each driver");
