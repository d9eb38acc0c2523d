import type { Pool, PoolConnection, RowDataPacket } from "mysql2/promise";
import { type EventsTable, isReflexError, transaction } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { gapControlOf } from "../../src/tables/gap-control.ts";
import { describeEachServer } from "../servers/engines.ts";
import { startServerWithPools } from "../servers/replication.ts";
import { makeTable, openInsert, take } from "../streams/streams.ts";

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

async function makeWork(pool: Pool, table: EventsTable): Promise<string> {
  const work = `${table.name}_work`;
  await pool.query(`create table ${work} (id int primary key, n int not null default 0)`);
  await pool.query(`insert into ${work} (id) values (1)`);
  return work;
}

async function idsOf(pool: Pool, table: string): Promise<number[]> {
  const [rows] = await pool.query<RowDataPacket[]>(`select id from ${table} order by id`);
  return rows.map((row) => Number(row["id"]));
}

async function foreignIdsOf(pool: Pool, table: EventsTable): Promise<string[]> {
  const [rows] = await pool.query<RowDataPacket[]>(`select foreign_id from ${table.name} where type > 0 order by id`);
  return rows.map((row) => String(row["foreign_id"]));
}

function thrownBy(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** MariaDB shows what it last showed to whoever asks again within 100 ms. */
async function untilOneWaits(pool: Pool, connection: PoolConnection): Promise<void> {
  const sql =
    "select trx_id from information_schema.innodb_trx where trx_state = 'LOCK WAIT' and trx_mysql_thread_id = ?";
  await expect
    .poll(async () => (await pool.query<RowDataPacket[]>(sql, [connection.threadId]))[0].length, { interval: 150 })
    .toBe(1);
}

describeEachServer((engine) => {
  describe("an insert whose id a noop has taken", () => {
    // Catches: an error to the caller for what a filler did; a retry that begins a transaction of its own and loses the
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
      // Whoever planted it was too early for this machine: fillers of this process now wait longer.
      expect(gapControlOf(table)?.graceMs).toBe(40);
      const stream = table.stream(pool, "");
      expect(await take(stream, 11)).toEqual([
        "1",
        ...Array.from({ length: 10 }, (_, index) => String(lostId + 10 + index)),
      ]);
      await stream.close();
      gates.destroy();
    });

    // Catches: a retry without end, or one that leaves the caller's transaction unusable.
    test("gives up after 3 retries with the duplicate key as the cause, and the transaction goes on", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      const gates = await addGates(pool, table, 5);
      let refused: unknown;
      const inserting = transaction(pool, async (tx) => {
        await table.insert(tx, "earlier", 1);
        refused = await thrownBy(table.insertMany(tx, tenEvents));
        await table.insert(tx, "later", 1);
      });
      let after = 0;
      for (let number = 1; number <= 4; number++) after = await takeOneId(gates, table, { number, after });
      await inserting;
      expect(refused).toMatchObject({ code: "database_error", cause: { errno: 1062 } });
      expect(await foreignIdsOf(pool, table)).toEqual(["earlier", "later"]);
      gates.destroy();
    });

    // Catches: retries of what a new id does not mend; each try would use up one more id.
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

  describe("an insert that ends the transaction", () => {
    /** A heavier transaction, so that the server ends the other one, which the work's row 1 makes it wait for. */
    async function heavyTransaction(pool: Pool, work: string): Promise<PoolConnection> {
      const heavy = await pool.getConnection();
      await heavy.query("start transaction");
      const rows = Array.from({ length: 50 }, (_, index) => `(${index + 100})`).join(", ");
      await heavy.query(`insert into ${work} (id) values ${rows}`);
      return heavy;
    }

    // Catches: a transaction() that commits what came after the loss without what came before it.
    test("with a deadlock has transaction() commit nothing, even if its error is swallowed", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await pool.query(`alter table ${table.name} add unique key once (foreign_id)`);
      const work = await makeWork(pool, table);
      const heavy = await heavyTransaction(pool, work);
      await table.insert(heavy, "contested", 1);
      const errors: unknown[] = [];
      const losing = transaction(pool, async (tx) => {
        await tx.query(`insert into ${work} (id) values (2)`);
        await tx.query(`update ${work} set n = 1 where id = 1`);
        const waiting = heavy.query(`update ${work} set n = 2 where id = 1`);
        await untilOneWaits(pool, heavy);
        errors.push(await thrownBy(table.insert(tx, "contested", 1)));
        await waiting;
        errors.push(await thrownBy(table.insert(tx, "after", 1)));
        errors.push(await thrownBy(tx.query(`insert into ${work} (id) values (3)`)));
      });
      expect(await thrownBy(losing)).toMatchObject({ code: "transaction_lost" });
      expect(errors[0]).toMatchObject({ code: "transaction_lost", cause: { errno: 1213 } });
      expect(errors[1]).toMatchObject({ code: "transaction_lost" });
      expect(errors[2]).toBeDefined();
      await heavy.query("rollback");
      heavy.release();
      expect(await idsOf(pool, work)).toEqual([1]);
      expect(await foreignIdsOf(pool, table)).toEqual([]);
    });

    // Catches: error 1467 taken for a passing one of the statement alone, when the transaction is gone.
    test("with a deadlock on the AUTO-INC lock has transaction() commit nothing", async ({ skip }) => {
      if (engine.vendor === "mysql") skip("MySQL reports that deadlock as any other");
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      const work = await makeWork(pool, table);
      await pool.query(`create trigger ${table.name}_work before insert on ${table.name} for each row
        begin
          if new.foreign_id = 'blocked' then update ${work} set n = 2 where id = 1; end if;
        end`);
      const heavy = await heavyTransaction(pool, work);
      let swallowed: unknown;
      let after: unknown;
      const losing = transaction(pool, async (tx) => {
        await tx.query(`insert into ${work} (id) values (2)`);
        await tx.query(`update ${work} set n = 1 where id = 1`);
        // A bulk insert holds the lock from its first row to its end.
        const waiting = heavy.query(
          `insert into ${table.name} (foreign_id, timestamp, type)
            select s.name, utc_timestamp(6), 1 from (select 1 as n, 'bulk' as name union all select 2, 'blocked') s`,
        );
        await untilOneWaits(pool, heavy);
        swallowed = await thrownBy(table.insert(tx, "lost", 1));
        await waiting;
        after = await thrownBy(tx.query(`insert into ${work} (id) values (3)`));
      });
      expect(await thrownBy(losing)).toMatchObject({ code: "transaction_lost" });
      expect(swallowed).toMatchObject({ code: "transaction_lost", cause: { errno: 1467 } });
      expect(after).toBeDefined();
      await heavy.query("rollback");
      heavy.release();
      expect(await idsOf(pool, work)).toEqual([1]);
      expect(await foreignIdsOf(pool, table)).toEqual([]);
    });
  });

  describe("an insert that waits too long for a lock", () => {
    /** A transaction whose insert runs into another's lock; its error, and what is stored in the end. */
    async function runIntoLock(pool: Pool): Promise<{ error: unknown; outcome: unknown; stored: string[] }> {
      const table = await makeTable(pool);
      await pool.query(`alter table ${table.name} add unique key once (foreign_id)`);
      const other = await openInsert(pool, table, ["contested"]);
      let error: unknown;
      const outcome = await thrownBy(
        transaction(pool, async (tx) => {
          await tx.query("set session innodb_lock_wait_timeout = 1");
          await table.insert(tx, "before", 1);
          error = await thrownBy(table.insert(tx, "contested", 1));
          await table.insert(tx, "after", 1);
        }),
      );
      await other.rollback();
      return { error, outcome, stored: await foreignIdsOf(pool, table) };
    }

    // Catches: a lock's time-out taken for the end of the transaction.
    test("leaves the transaction usable", async () => {
      const { error, outcome, stored } = await runIntoLock(await engine.createRawPool());
      expect(error).toMatchObject({ code: "database_error", cause: { errno: 1205 } });
      expect(isReflexError(error, "transaction_lost")).toBe(false);
      expect(outcome).toBeUndefined();
      expect(stored).toEqual(["before", "after"]);
    });

    // Catches: going by the error's number alone, so that the event after it is committed without what came before.
    test("loses the transaction where the server rolls it back for that", async () => {
      await using server = await startServerWithPools({
        vendor: engine.vendor,
        flags: ["--innodb-rollback-on-timeout=1"],
      });
      const { error, outcome, stored } = await runIntoLock(server.pool);
      expect(error).toMatchObject({ code: "transaction_lost", cause: { errno: 1205 } });
      expect(outcome).toBeDefined();
      expect(stored).toEqual([]);
    });
  });
});
