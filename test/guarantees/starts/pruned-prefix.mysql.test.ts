import type { Pool } from "mysql2/promise";
import type { EventsTable } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { PRUNED_AGE_MS, START_FENCE } from "../../../src/tables/position/start-rules.ts";
import { describeEachServer } from "../../support/servers/engines.ts";
import { idRange, noopIds } from "../../support/streams/gaps.ts";
import { makeTable, nothingWithin, openInsert, rest, take } from "../../support/streams/streams.ts";

const FENCE = Number(START_FENCE);
const PRUNED_AGE_MINUTES = PRUNED_AGE_MS / 60_000;

describeEachServer((engine) => {
  describe("a stream without a cursor, of a table whose first row has id 50 000", () => {
    // Catches one that takes the missing prefix for a gap: 49 999 noops, and hours with a larger one.
    test("starts at that row when it is old, with no noop inserted", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await insertAt(pool, table, { id: 50_000, ageMinutes: PRUNED_AGE_MINUTES + 1 });
      await table.insert(pool, "next", 1);
      const starters = [table, table, table.clone()].map((own) => rest(own.stream(pool, "", { toHead: true })));
      for (const delivered of await Promise.all(starters)) expect(delivered).toEqual(["50000", "50001"]);
      expect(await noopIds(pool, table)).toEqual([]);
    });

    // Catches one that fences from whatever row is the first: its own noops, at each start a thousand further down.
    test("fences the last 1000 ids below it when it is young, whoever starts and however often", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await insertAt(pool, table, { id: 50_000, ageMinutes: PRUNED_AGE_MINUTES - 1 });
      const first = [table, table.clone()].map((own) => rest(own.stream(pool, "", { toHead: true })));
      for (const delivered of await Promise.all(first)) expect(delivered).toEqual(["50000"]);
      expect(await noopIds(pool, table)).toEqual(idRange(50_000 - FENCE, 49_999));
      expect(await rest(table.stream(pool, "0", { toHead: true }))).toEqual(["50000"]);
      const fromHead = table.stream(pool, "", { fromHead: true });
      expect(await fromHead.start()).toBe("50000");
      const next = take(fromHead, 1);
      await table.insert(pool, "next", 1);
      expect(await next).toEqual(["50001"]);
      await fromHead.close();
      expect(await noopIds(pool, table)).toEqual(idRange(50_000 - FENCE, 49_999));
    });

    // Catches a start from the head that fences below the noops that an earlier start has inserted.
    test("started from the head fences as much as one from the beginning", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await insertAt(pool, table, { id: 5000, ageMinutes: 1 });
      for (let start = 0; start < 3; start++) {
        const stream = table.stream(pool, "", { fromHead: true });
        await stream.start();
        const next = take(stream, 1);
        await table.insert(pool, "next", 1);
        expect(await next).toEqual([String(5001 + start)]);
        await stream.close();
      }
      expect(await noopIds(pool, table)).toEqual(idRange(5000 - FENCE, 4999));
    });

    // Catches an age rule without a look at what is open: the row would commit behind the reader.
    test("delivers a row that was open below it at the start, though the first visible one is old", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await pool.query(`alter table ${table.name} auto_increment = 1500`);
      const open = await openInsert(pool, table);
      await insertAt(pool, table, { id: 3000, ageMinutes: PRUNED_AGE_MINUTES + 30 });
      const stream = table.stream(pool, "");
      const delivered = take(stream, 2);
      expect(await Promise.race([delivered, nothingWithin(300)])).toBe("nothing");
      await open.commit();
      expect(await delivered).toEqual(["1500", "3000"]);
      await stream.close();
    });

    // Catches an option that is read as a cursor: the first row would be left out.
    test("starts at the first id that the user names", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await insertAt(pool, table, { id: 50_000, ageMinutes: 0 });
      expect(await rest(table.stream(pool, "", { toHead: true, firstId: "50000" }))).toEqual(["50000"]);
      expect(await noopIds(pool, table)).toEqual([]);
      expect(await rest(table.stream(pool, "", { toHead: true, firstId: "49998" }))).toEqual(["50000"]);
      expect(await noopIds(pool, table)).toEqual(["49998", "49999"]);
    });
  });
});

/** An event with this id, as old as this by the server's clock. */
async function insertAt(pool: Pool, table: EventsTable, row: { id: number; ageMinutes: number }): Promise<void> {
  await pool.query(
    `insert into ${table.name} (id, foreign_id, timestamp, type) values (?, 'x', utc_timestamp(6) - interval ? minute, 1)`,
    [row.id, row.ageMinutes],
  );
}
