import type { Pool } from "mysql2/promise";
import { describe, expect, test } from "vitest";
import { watchedDatabase } from "../../../test/support/databases/watched-database.ts";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { idRange } from "../../../test/support/streams/gaps.ts";
import { ownColumns } from "../../../test/support/streams/loaders.ts";
import { insertEach, insertMany, makeTable, openInsert, rest, take } from "../../../test/support/streams/streams.ts";
import type { EventsTable } from "../events-table.ts";
import { HEAD_LOOK_BACK } from "../position/start-rules.ts";

const HOUR_MS = 3_600_000;

/** Moves the times of these rows back. */
async function age(pool: Pool, table: EventsTable, where: string): Promise<void> {
  await pool.query(`update ${table.name} set timestamp = timestamp - interval 2 hour where ${where}`);
}

function anHourAgo(): { time: Date } {
  return { time: new Date(Date.now() - HOUR_MS) };
}

describeEachServer((engine) => {
  describe("cursorAt", () => {
    // Catches a head above an event that commits later: a reset there would leave it out.
    test("gives a head below a transaction that is open, and above it once that is closed", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await insertEach(pool, table, ["1"]);
      const open = await openInsert(pool, table);
      await insertEach(pool, table, ["3"]);
      const { cursor, event } = await table.cursorAt(pool, "head");
      expect([cursor, event?.id]).toEqual(["1", "1"]);
      await open.commit();
      expect(await rest(table.stream(pool, cursor, { toHead: true }))).toEqual(["2", "3"]);
      expect((await table.cursorAt(pool, "head")).cursor).toBe("3");
    });

    test("gives the start for the head of a table in which nothing below a gap is committed", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      const open = await openInsert(pool, table);
      await insertEach(pool, table, ["2"]);
      expect(await table.cursorAt(pool, "head")).toEqual({ cursor: "0", event: undefined });
      expect(await table.cursorAt(pool, anHourAgo())).toEqual({ cursor: "0", event: undefined });
      await open.commit();
      expect((await table.cursorAt(pool, "head")).cursor).toBe("2");
    });

    // Catches a cursor of no row: the next stream there would say that rows were lost.
    test("gives the start for the head of a table whose rows were all pruned", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await pool.query(`alter table ${table.name} auto_increment = 5000001`);
      const { cursor } = await table.cursorAt(pool, "head");
      expect(cursor).toBe("0");
      const stream = table.stream(pool, cursor);
      await stream.start();
      await insertEach(pool, table, ["first"]);
      expect(await take(stream, 1)).toEqual(["5000001"]);
      await stream.close();
    });

    // Catches a cursor above an open transaction, whose event is of the time that was asked for.
    test("gives a cursor for a time below a transaction that is open below the first event of that time", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await insertEach(pool, table, ["1", "2"]);
      await age(pool, table, "id <= 2");
      const open = await openInsert(pool, table);
      await insertEach(pool, table, ["4", "5"]);
      const { cursor } = await table.cursorAt(pool, anHourAgo());
      expect(cursor).toBe("2");
      await open.commit();
      expect(await rest(table.stream(pool, cursor, { toHead: true }))).toEqual(["3", "4", "5"]);
    });

    // Catches a look for gaps that comes after the gap was filled, by an event of the time that was asked for.
    test("sees an event that commits between the search and the look for gaps", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await insertEach(pool, table, ["1"]);
      await age(pool, table, "id = 1");
      const open = await openInsert(pool, table);
      // The head does not look so far back.
      for (let round = 0; round < 11; round++) await insertMany(pool, table, HEAD_LOOK_BACK / 10);
      let looks = 0;
      const db = watchedDatabase(pool, async ({ sql }, send) => {
        // The first look is for the head.
        if (sql.includes(`- ${HEAD_LOOK_BACK}`) && ++looks === 2) await open.commit();
        return send();
      });
      expect((await table.cursorAt(db, anHourAgo())).cursor).toBe("1");
      expect(looks).toBe(3);
    });

    test("goes by UTC, whatever zone the table's times are stored in", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { storedZone: "+02:00" });
      await insertEach(pool, table, idRange(1, 4));
      await age(pool, table, "id <= 2");
      expect((await table.cursorAt(pool, anHourAgo())).cursor).toBe("2");
    });

    // Catches a time that the server can't read, taken for one that is too early.
    test("says so if the server does not know that zone", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await insertEach(pool, table, idRange(1, 4));
      const zoned = table.clone({ storedZone: "Nowhere/Land" });
      await expect(zoned.cursorAt(pool, anHourAgo())).rejects.toMatchObject({ code: "wrong_schema" });
      await expect(zoned.newest(pool)).rejects.toMatchObject({ code: "wrong_schema" });
      await expect(zoned.lag(pool, "1")).rejects.toThrow("Nowhere/Land");
      expect(await zoned.lag(pool, "4")).toMatchObject({ events: 0 });
    });

    test("asks a table's loader for the events", async () => {
      const pool = await engine.createRawPool();
      const plain = await makeTable(pool);
      const table = plain.clone({ loader: ownColumns(plain.name) });
      await insertMany(pool, plain, 2500);
      await age(pool, plain, "id <= 1700");
      await pool.query(`update ${plain.name} set type = 0, foreign_id = '0' where id between 1690 and 1710`);
      for (const [to, cursor] of [
        ["head", "2500"],
        ["17", "17"],
        [anHourAgo(), "1710"],
      ] as const) {
        const place = await table.cursorAt(pool, to);
        expect([place.cursor, place.event?.id]).toEqual([cursor, cursor]);
      }
    });

    // Catches arithmetic that a column without negative numbers refuses.
    test.each(["int unsigned", "bigint unsigned", "bigint"])("takes ids of type %s", async (type) => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await pool.query(`alter table ${table.name} modify id ${type} auto_increment`);
      await insertEach(pool, table, ["1", "2", "3"]);
      await age(pool, table, "id = 1");
      expect((await table.cursorAt(pool, anHourAgo())).cursor).toBe("1");
      expect((await table.cursorAt(pool, "head")).cursor).toBe("3");
      const stream = table.stream(pool, "", { fromHead: true });
      expect(await stream.start()).toBe("3");
      await stream.close();
      expect(await table.lag(pool, "1")).toMatchObject({ events: 2 });
      expect((await table.newest(pool))?.id).toBe("3");
    });
  });
});
