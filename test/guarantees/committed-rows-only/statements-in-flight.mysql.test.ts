import type { Pool } from "mysql2/promise";
import type { EventsTable, StallReport } from "reflex-rsql";
import { transaction } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { describeEachServer } from "../../support/servers/engines.ts";
import { untilRunning } from "../../support/servers/server-state.ts";
import { idRange, leaveGap, noopIds, Reports, storedRows } from "../../support/streams/gaps.ts";
import { makeTable, nothingWithin, take } from "../../support/streams/streams.ts";

const slowStatement = ["a", "b", "slow", "d", "e", "f", "g", "h", "i", "j"].map((foreignId) => ({
  foreignId,
  type: 1,
}));

/** Has an insert of the foreign id "slow" take a while, in the middle of its statement. */
async function slowDown(pool: Pool, table: EventsTable, seconds: number): Promise<void> {
  await pool.query(
    `create trigger ${table.name}_slow before insert on ${table.name} for each row
     if new.foreign_id = 'slow' then do sleep(${seconds}); end if`,
  );
}

const asleep = { state: "user sleep" };
const blocked = { state: "update" };

describeEachServer((engine) => {
  describe("a statement of many rows that is not done yet", () => {
    // Catches a filler that fills the ids that the statement has reserved and READ UNCOMMITTED does not show.
    test("keeps all its ids, though others commit above it and there is no grace", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { gaps: { graceMs: 0 } });
      await slowDown(pool, table, 0.5);
      const stream = table.stream(pool, "");
      const all = take(stream, 11);
      const slow = table.insertMany(pool, slowStatement);
      await untilRunning(pool, asleep);
      const above = await table.insert(pool, "above", 1);
      expect(above.eventId).toBe("11");
      expect((await slow).eventId).toBe("1");
      expect(await all).toEqual(idRange(1, 11));
      expect(await noopIds(pool, table)).toEqual([]);
      await stream.close();
    });

    // Catches a retry of the whole transaction, one that gives up, and a fence that the writer does not notice.
    test("gets new ids in the same transaction when a noop took one of its own, and loses nothing", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await slowDown(pool, table, 0.3);
      const stream = table.stream(pool, "");
      const foreignIds: string[] = [];
      const inserting = transaction(pool, async (tx) => {
        await table.insert(tx, "earlier", 1);
        return table.insertMany(tx, slowStatement);
      });
      await untilRunning(pool, asleep);
      // The earlier row has id 1, and the statement has reserved 2 to 11.
      await pool.query(
        `insert into ${table.name} (id, foreign_id, timestamp, type) values (8, '0', utc_timestamp(6), 0)`,
      );
      await table.insert(pool, "above", 1);
      expect((await inserting).eventId).not.toBe("2");
      while (foreignIds.length < 12) foreignIds.push((await stream.next()).value.foreignId);
      expect(foreignIds).toEqual(["earlier", "above", ...slowStatement.map(({ foreignId }) => foreignId)]);
      expect(stream.position).toBe((await storedRows(pool, table)).at(-1)?.id);
      expect(await noopIds(pool, table)).toEqual(idRange(2, 11));
      await stream.close();
    });

    // Catches a fence that is no row: without its primary key the late row would be committed behind all readers.
    test("fails loudly when it is not the library's own, and leaves its transaction intact", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await slowDown(pool, table, 0.3);
      const connection = await pool.getConnection();
      await connection.beginTransaction();
      const values = slowStatement.map(({ foreignId }) => `('${foreignId}', utc_timestamp(6), 1)`).join(", ");
      const text = `insert into ${table.name} (foreign_id, timestamp, type) values ${values}`;
      const failing = connection.query(text).then(
        () => "inserted",
        ({ errno }: { errno?: number }) => errno,
      );
      await untilRunning(pool, asleep);
      await pool.query(
        `insert into ${table.name} (id, foreign_id, timestamp, type) values (8, '0', utc_timestamp(6), 0)`,
      );
      expect(await failing).toBe(1062);
      const again = await table.insert(connection, "again", 1);
      await connection.commit();
      connection.release();
      const stream = table.stream(pool, "");
      expect(await take(stream, 1)).toEqual([again.eventId]);
      await stream.close();
    });
  });

  describe("a lock on the end of the table", () => {
    // Catches a poll or a fill that waits for locks, and one that takes ids that were given but have no row.
    test("delays inserts, and they are all delivered in order once it is released", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await table.insert(pool, "first", 1);
      const locker = await pool.getConnection();
      await locker.query("set session transaction isolation level repeatable read");
      await locker.beginTransaction();
      await locker.query(`select id from ${table.name} where id >= 1 for update`);
      const stream = table.stream(pool, "");
      expect(await take(stream, 1)).toEqual(["1"]);
      const others = take(stream, 3);
      const inserts = ["a", "b", "c"].map((foreignId) => table.insert(pool, foreignId, 1));
      await untilRunning(pool, blocked, 3);
      expect(await Promise.race([others, nothingWithin(200)])).toBe("nothing");
      await locker.commit();
      locker.destroy();
      const ids = (await Promise.all(inserts)).map(({ eventId }) => Number(eventId));
      expect(await others).toEqual(ids.toSorted((a, b) => a - b).map(String));
      expect(await noopIds(pool, table)).toEqual([]);
      await stream.close();
    });
  });

  describe("a lock on a gap", () => {
    // Catches a filler that comes up against it again and again and tells nobody.
    test("holds the stream, which says so within 5 s, and goes on once it is released", async () => {
      const pool = await engine.createRawPool();
      const stalls = new Reports<StallReport>();
      const table = await makeTable(pool, { observer: { stall: stalls.add } });
      await table.insert(pool, "1", 1);
      await leaveGap(pool, table, 2);
      await table.insert(pool, "4", 1);
      const locker = await pool.getConnection();
      await locker.query("set session transaction isolation level repeatable read");
      await locker.beginTransaction();
      await locker.query(`select id from ${table.name} where id > 1 and id < 4 for update`);
      const stream = table.stream(pool, "");
      const both = take(stream, 2);
      const stall = await stalls.first();
      expect(stall).toMatchObject({ state: "stalled", prev: "1", next: "4" });
      expect(stall.message).toMatch(/rows 2 to 3.*lock.*commit it or end it/);
      await locker.rollback();
      locker.destroy();
      expect(await both).toEqual(["1", "4"]);
      await stalls.first(({ state }) => state === "resumed");
      expect(await noopIds(pool, table)).toEqual(["2", "3"]);
      await stream.close();
    });
  });
});
