import type { Pool, PoolConnection, RowDataPacket } from "mysql2/promise";
import { type EventsTable, transaction } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { gapControlOf } from "../../../src/tables/gaps/gap-control.ts";
import { failureOf } from "../../support/errors/failure-of.ts";
import { describeEachServer } from "../../support/servers/engines.ts";
import { foreignIdsOf, idsOf, makeWork } from "../../support/streams/stored.ts";
import { makeTable, take } from "../../support/streams/streams.ts";

const tenEvents = ["first", "slow", "3", "4", "5", "6", "7", "8", "9", "10"].map((foreignId) => ({
  foreignId,
  type: 1,
}));

/** Makes each try of a statement with the event "slow" wait there, its ids taken and not yet inserted. */
async function addGates(pool: Pool, table: EventsTable, count: number): Promise<PoolConnection> {
  const gate = `concat('${table.name}-', @tries)`;
  await pool.query(`create trigger ${table.name}_gate before insert on ${table.name} for each row
    begin
      if new.foreign_id = 'slow' then
        set @tries = coalesce(@tries, 0) + 1;
        do get_lock(${gate}, 20);
        do release_lock(${gate});
      end if;
    end`);
  const gates = await pool.getConnection();
  for (let number = 1; number <= count; number++) await gates.query(`do get_lock('${table.name}-${number}', 0)`);
  return gates;
}

/** Waits for a try whose ids lie above `after`; takes one of them and lets it go on. Resolves with the try's first id. */
async function takeOneId(gates: PoolConnection, table: EventsTable, attempt: { number: number; after: number }) {
  await gates.query("set session transaction isolation level read uncommitted");
  let firstId = 0;
  while (firstId <= attempt.after) {
    const sql = `select coalesce(max(id), 0) as id from ${table.name} where foreign_id = 'first'`;
    const [[row]] = await gates.query<RowDataPacket[]>(sql);
    firstId = Number(row?.["id"]);
  }
  const noop = `insert into ${table.name} (id, foreign_id, timestamp, type) values (?, '0', utc_timestamp(6), 0)`;
  await gates.query(noop, [firstId + 5]);
  await gates.query(`do release_lock('${table.name}-${attempt.number}')`);
  return firstId;
}

describeEachServer((engine) => {
  describe("an insert whose id a noop has taken", () => {
    // Catches an error to the caller for what a filler did; a retry that begins a transaction of its own and loses the
    // earlier work; an INSERT IGNORE that drops the event.
    test("gets a new id in the caller's transaction, which keeps its earlier work", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      const work = await makeWork(pool, table);
      const gates = await addGates(pool, table, 1);
      expect(gapControlOf(table)?.graceMs).toBe(20);
      const inserting = transaction(pool, async (tx) => {
        await tx.query(`insert into ${work} (id) values (2)`);
        await table.insert(tx, "earlier", 1);
        return table.insertMany(tx, tenEvents);
      });
      const lostId = await takeOneId(gates, table, { number: 1, after: 0 });
      const { eventId } = await inserting;
      expect(Number(eventId)).toBe(lostId + 10);
      expect(await idsOf(pool, work)).toEqual([1, 2]);
      const foreignIds = ["earlier", ...tenEvents.map(({ foreignId }) => foreignId)];
      expect(await foreignIdsOf(pool, table)).toEqual(foreignIds);
      // Whoever inserted it was too early for this machine: fillers of this process now wait longer.
      expect(gapControlOf(table)?.graceMs).toBe(40);
      const stream = table.stream(pool, "");
      expect(await take(stream, 11)).toEqual([
        "1",
        ...Array.from({ length: 10 }, (_, index) => String(lostId + 10 + index)),
      ]);
      await stream.close();
      gates.destroy();
    });

    // Catches a retry without end, or one that leaves the caller's transaction unusable.
    test("gives up after 3 retries with the duplicate key as the cause, and the transaction goes on", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      const gates = await addGates(pool, table, 5);
      let refused: unknown;
      const inserting = transaction(pool, async (tx) => {
        await table.insert(tx, "earlier", 1);
        refused = await failureOf(table.insertMany(tx, tenEvents));
        await table.insert(tx, "later", 1);
      });
      let after = 0;
      for (let number = 1; number <= 4; number++) after = await takeOneId(gates, table, { number, after });
      await inserting;
      expect(refused).toMatchObject({ code: "database_error", cause: { errno: 1062 } });
      expect(await foreignIdsOf(pool, table)).toEqual(["earlier", "later"]);
      gates.destroy();
    });

    // Catches retries of what a new id does not mend; each try would use up one more id.
    test("is not tried again for another unique key", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await pool.query(`alter table ${table.name} add unique key once (foreign_id)`);
      await table.insert(pool, "taken", 1);
      await transaction(pool, async (tx) => {
        await table.insert(tx, "before", 1);
        await expect(table.insert(tx, "taken", 1)).rejects.toMatchObject({ cause: { errno: 1062 } });
        await table.insert(tx, "after", 1);
      });
      expect(await foreignIdsOf(pool, table)).toEqual(["taken", "before", "after"]);
      expect(await idsOf(pool, table.name)).toEqual([1, 2, 4]);
      expect(gapControlOf(table)?.graceMs).toBe(20);
    });
  });
});
