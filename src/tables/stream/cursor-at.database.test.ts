import { describe, expect, test } from "vitest";
import { describeEachDatabase, type TestDatabase } from "../../../test/support/databases/test-database.ts";
import { makeTable, rest } from "../../../test/support/streams/streams.ts";
import { positionOf } from "../../reflex/event-position.ts";
import type { CursorTarget } from "../cursors/cursor-wishes.ts";
import type { EventsTable } from "../events-table.ts";

interface Row {
  readonly id: number | bigint;
  readonly second: number;
  readonly noop?: boolean;
}

/** The time so many seconds after one that is long ago. */
function at(second: number): Date {
  return new Date(Date.UTC(2020, 0, 1) + second * 1000);
}

/** Inserts rows as they are. */
async function insertRows(sql: TestDatabase["sql"], table: EventsTable, rows: readonly Row[]): Promise<void> {
  const values = rows.map(({ id, second, noop = false }) => {
    const time = at(second).toISOString().slice(0, 23).replace("T", " ");
    return `(${id}, ${noop ? "'0'" : "'x'"}, '${time}', ${noop ? 0 : 1})`;
  });
  await sql(`insert into ${table.name} (id, foreign_id, timestamp, type) values ${values.join(", ")}`);
}

describeEachDatabase(({ open, sql, engine }) => {
  /** A table with these rows, and what finds cursors in it. */
  async function tableOf(
    rows: readonly Row[],
  ): Promise<{ table: EventsTable; cursorOf: (to: CursorTarget) => Promise<string> }> {
    const db = await open();
    const table = await makeTable(db);
    if (rows.length > 0) await insertRows(sql, table, rows);
    return { table, cursorOf: async (to) => (await table.cursorAt(db, to)).cursor };
  }

  describe("cursorAt", () => {
    test("gives the start and the head, and 0 for both in an empty table", async () => {
      const { cursorOf } = await tableOf([]);
      expect([await cursorOf("start"), await cursorOf("head"), await cursorOf({ time: at(0) })]).toEqual([
        "0",
        "0",
        "0",
      ]);
      const { table, cursorOf: inFull } = await tableOf([1, 2, 3].map((id) => ({ id, second: id })));
      expect([await inFull("start"), await inFull("head")]).toEqual(["0", "3"]);
      expect(await table.cursorAt(await open(), "start")).toEqual({ cursor: "0", event: undefined });
    });

    test("gives the row at the cursor, with which a stream goes on there", async () => {
      const db = await open();
      const { table } = await tableOf([1, 2, 3].map((id) => ({ id, second: id })));
      for (const to of ["2", { time: at(3) }]) {
        const { cursor, event } = await table.cursorAt(db, to);
        expect([cursor, event?.id]).toEqual(["2", "2"]);
        const position = event === undefined ? "" : positionOf(event);
        expect(await rest(table.stream(db, cursor, { position, toHead: true }))).toEqual(["3"]);
      }
    });

    // Catches a mistyped id that becomes a cursor, of which the next stream says that the table was restored.
    test("takes an id only if it is that of a row", async () => {
      const db = await open();
      const { table, cursorOf } = await tableOf([
        { id: 5, second: 0 },
        { id: 6, second: 0, noop: true },
        { id: 9007199254740993n, second: 1 },
      ]);
      for (const id of ["", "0", "5", "6", "9007199254740993"]) expect(await cursorOf(id)).toBe(id === "" ? "0" : id);
      expect(await cursorOf("0006")).toBe("6");
      for (const [id, near] of [
        ["1", "0"],
        ["7", "6"],
        ["9007199254740992", "6"],
        ["9007199254740994", "9007199254740993"],
      ] as const) {
        await expect(table.cursorAt(db, id)).rejects.toMatchObject({
          code: "invalid_cursor",
          message: expect.stringContaining(`row ${id} of ${table.name} does not exist`) as string,
          details: { table: table.name, cursor: id },
        });
        await expect(table.cursorAt(db, id)).rejects.toThrow(`such as ${near},`);
      }
    });

    test.each(["haed", "-1", "1.5", "9223372036854775808"])("refuses %j, and says what it takes", async (to) => {
      const { cursorOf } = await tableOf([]);
      await expect(cursorOf(to)).rejects.toMatchObject({
        code: "invalid_cursor",
        message: expect.stringMatching(/"start", "head".*time/) as string,
      });
    });

    // Catches a time that is before the epoch of no clock, and one in seconds.
    test.each([undefined, null, 5, {}, { time: 5 }, { time: "2020-01-01" }, { time: new Date(Number.NaN) }, at(0)])(
      "refuses %o as a place",
      async (to) => {
        const { cursorOf } = await tableOf([]);
        await expect(cursorOf(to as CursorTarget)).rejects.toMatchObject({ code: "invalid_argument" });
      },
    );

    // Catches a cursor at the first event of the time, which would be left out.
    test.each([
      { second: -1e9, cursor: "0" },
      { second: 9, cursor: "0" },
      { second: 10, cursor: "0" },
      { second: 10.001, cursor: "1" },
      { second: 20, cursor: "1" },
      { second: 20.001, cursor: "2" },
      { second: 30, cursor: "2" },
      { second: 30.001, cursor: "3" },
      { second: 1e10, cursor: "3" },
    ])("gives the cursor before the first event at or after a time: $second", async ({ second, cursor }) => {
      const { cursorOf } = await tableOf([1, 2, 3].map((id) => ({ id, second: id * 10 })));
      expect(await cursorOf({ time: at(second) })).toBe(cursor);
    });

    // Catches noops that count: they are written when a gap is closed, perhaps days after the events around them.
    test("leaves noops out of account, whatever their times", async () => {
      const { cursorOf } = await tableOf([
        { id: 1, second: 10 },
        { id: 2, second: 1000, noop: true },
        { id: 3, second: 20 },
        { id: 4, second: 1000, noop: true },
      ]);
      expect(await cursorOf({ time: at(15) })).toBe("2");
      expect(await cursorOf({ time: at(30) })).toBe("4");
    });

    // Catches a search that halves as if times ascended: the event that is the first of its time would be left out.
    test("finds the first event of a time among many whose times don't ascend", async () => {
      // Most statements began some time before they got their ids, one did not. It is further away than gaps are looked for.
      const prompt = 2000;
      const rows = Array.from({ length: 25_000 }, (_, index) => {
        const id = index + 1;
        return { id, second: id / 50 + (id === prompt ? 400 : (id % 2) * -10) };
      });
      const { table, cursorOf } = await tableOf(rows.slice(0, 5000));
      for (let from = 5000; from < rows.length; from += 5000) {
        await insertRows(sql, table, rows.slice(from, from + 5000));
      }
      for (const second of [-20, 0, 30, 40, 41, 430, 440, 440.01, 480, 499.9, 500, 501]) {
        const first = rows.find((row) => row.second >= second)?.id ?? rows.length + 1;
        expect(await cursorOf({ time: at(second) })).toBe(String(first - 1));
      }
    });

    // Catches ids that are handled as numbers, and a search that goes through ids one by one.
    test("finds the first event of a time in a table of few and high ids", async () => {
      const ids = [5n, 10n ** 12n, 9007199254740993n, 9007199254740994n, 2n ** 62n];
      const { cursorOf } = await tableOf(ids.map((id, index) => ({ id, second: 10_000 * (index + 1) })));
      const found: string[] = [];
      for (const index of [1, 2, 3, 4, 5, 6]) found.push(await cursorOf({ time: at(10_000 * index) }));
      // On a server an event may still commit where ids are missing below a row. So the cursor is the row below those.
      const below = ["0", "0", "5", "1000000000000", "9007199254740994", "9007199254740994"];
      expect(found).toEqual(engine === undefined ? ["0", ...ids.map(String)] : below);
    });
  });
});
