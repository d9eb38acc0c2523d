import { describe, expect, test } from "vitest";
import { describeEachDatabase } from "../../../test/support/databases/test-database.ts";
import { ownColumns } from "../../../test/support/streams/loaders.ts";
import { insertMany, makeTable } from "../../../test/support/streams/streams.ts";
import { created, newTableName } from "../../../test/support/tables/new-tables.ts";
import { EventsTable } from "../events-table.ts";
import { EventsTableInt } from "../events-table-int.ts";

const HOUR_MS = 3_600_000;

describeEachDatabase(({ open, sql, engine }) => {
  /** Inserts a row as it is, so many hours ago. */
  async function insertRow(
    table: { readonly name: string },
    row: { id: number | bigint; foreignId?: string; type?: number; hoursAgo?: number },
  ): Promise<void> {
    const { id, foreignId = "'x'", type = 1, hoursAgo = 0 } = row;
    const time =
      engine === undefined
        ? `strftime('%Y-%m-%d %H:%M:%f', 'now', '${-hoursAgo} hours')`
        : `utc_timestamp(6) - interval ${hoursAgo} hour`;
    await sql(
      `insert into ${table.name} (id, foreign_id, timestamp, type) values (${id}, ${foreignId}, ${time}, ${type})`,
    );
  }

  describe("newest", () => {
    // Catches a noop taken for the newest event, and an event of type 0 taken for a noop.
    test("is the highest event, noops left out", async () => {
      const db = await open();
      const table = await makeTable(db);
      expect(await table.newest(db)).toBeUndefined();
      await insertRow(table, { id: 1, foreignId: "'0'", type: 0 });
      expect(await table.newest(db)).toBeUndefined();
      await insertRow(table, { id: 2, foreignId: "'b'" });
      await insertRow(table, { id: 3, foreignId: "'0'", type: 0 });
      expect(await table.newest(db)).toMatchObject({ id: "2", foreignId: "b", type: 1 });
      await insertRow(table, { id: 4, foreignId: "'Ö'", type: 0 });
      expect(await table.newest(db)).toMatchObject({ id: "4", foreignId: "Ö", type: 0 });
      await insertRow(table, { id: 5, foreignId: "'0'", type: 2 });
      expect(await table.newest(db)).toMatchObject({ id: "5", type: 2 });
      await insertRow(table, { id: 9007199254740993n });
      expect((await table.newest(db))?.id).toBe("9007199254740993");
    });

    test("knows the noops of integers, of bytes and of the option noopValues", async () => {
      const db = await open();
      const int = await created(db, new EventsTableInt(newTableName("events")));
      await insertRow(int, { id: 1, foreignId: "7" });
      await insertRow(int, { id: 2, foreignId: "0", type: 0 });
      expect(await int.newest(db)).toMatchObject({ id: "1", foreignId: "7" });
      const bytes = await created(db, new EventsTable(newTableName("events"), { foreignIdColumn: "binary" }));
      await insertRow(bytes, { id: 1, foreignId: "x'30'" });
      await insertRow(bytes, { id: 2, foreignId: "x'30'", type: 0 });
      expect(await bytes.newest(db)).toMatchObject({ id: "1", foreignId: "30" });
      const own = await makeTable(db, { gaps: { noopValues: { foreign_id: "none" } } });
      await insertRow(own, { id: 1, foreignId: "'0'", type: 0 });
      await insertRow(own, { id: 2, foreignId: "'none'", type: 0 });
      expect(await own.newest(db)).toMatchObject({ id: "1" });
    });
  });

  describe("lag", () => {
    // Catches noops that count, which would raise an alarm over nothing, and an age that is of a noop.
    test("is the number of events after the cursor and the age of the first, noops left out", async () => {
      const db = await open();
      const table = await makeTable(db);
      expect(await table.lag(db, "")).toEqual({ events: 0, capped: false, oldestMs: 0, ahead: false });
      await insertRow(table, { id: 1, hoursAgo: 100 });
      await insertRow(table, { id: 2, foreignId: "'0'", type: 0, hoursAgo: 90 });
      await insertRow(table, { id: 3, hoursAgo: 5 });
      await insertRow(table, { id: 4, hoursAgo: 7 });
      await insertRow(table, { id: 5, foreignId: "'0'", type: 0 });
      for (const [cursor, events, hours] of [
        ["", 3, 100],
        ["0", 3, 100],
        ["1", 2, 5],
        ["2", 2, 5],
        ["3", 1, 7],
      ] as const) {
        const lag = await table.lag(db, cursor);
        expect(lag).toMatchObject({ events, capped: false });
        // A wrong unit would be a thousand times off.
        expect(lag.oldestMs).toBeGreaterThanOrEqual(hours * HOUR_MS);
        expect(lag.oldestMs).toBeLessThan((hours + 1) * HOUR_MS);
      }
      expect(await table.lag(db, "4")).toEqual({ events: 0, capped: false, oldestMs: 0, ahead: false });
      expect(await table.lag(db, "70")).toEqual({ events: 0, capped: false, oldestMs: 0, ahead: true });
      await expect(table.lag(db, "x")).rejects.toMatchObject({ code: "invalid_cursor" });
    });

    test("is exact beyond 2^53, and not below 0 for an event of a clock that is ahead", async () => {
      const db = await open();
      const table = await makeTable(db);
      for (const id of [9007199254740992n, 9007199254740993n, 9007199254740994n])
        await insertRow(table, { id, hoursAgo: -1 });
      expect(await table.lag(db, "9007199254740993")).toEqual({ events: 1, capped: false, oldestMs: 0, ahead: false });
    });

    // Catches a count of a whole table at each look, and one that ends below the cap.
    test("is counted up to 10 000", async () => {
      const db = await open();
      const table = await makeTable(db);
      await insertMany(db, table, 10_001);
      expect(await table.lag(db, "")).toMatchObject({ events: 10_000, capped: true });
      expect(await table.lag(db, "1")).toMatchObject({ events: 10_000, capped: false });
      expect(await table.lag(db, "2")).toMatchObject({ events: 9999, capped: false });
    });
  });

  // Only MySQL's loader is at hand; what it is asked for is the same.
  describe.runIf(engine !== undefined)("a table with a loader", () => {
    test("has its newest event and the first that a cursor has not passed read by the loader", async () => {
      const db = await open();
      const plain = await makeTable(db);
      const asked: string[] = [];
      const table = plain.clone({
        loader: (session, request) => {
          asked.push(`${request.after} ${request.limit}`);
          return ownColumns(plain.name)(session, request);
        },
      });
      expect(await table.newest(db)).toBeUndefined();
      expect(await table.lag(db, "")).toEqual({ events: 0, capped: false, oldestMs: 0, ahead: false });
      expect(asked).toEqual([]);
      await insertRow(plain, { id: 1, hoursAgo: 4 });
      for (let id = 2; id <= 15; id++) await insertRow(plain, { id, foreignId: "'0'", type: 0, hoursAgo: 3 });
      expect(await table.newest(db)).toMatchObject({ id: "1" });
      expect(asked).toEqual(["5 10", "0 10"]);
      await insertRow(plain, { id: 16, hoursAgo: 2 });
      expect(await table.newest(db)).toMatchObject({ id: "16" });
      const lag = await table.lag(db, "14");
      expect(lag).toMatchObject({ events: 2, capped: false });
      expect(Math.floor(lag.oldestMs / HOUR_MS)).toBe(2);
    });
  });
}, "each driver");
