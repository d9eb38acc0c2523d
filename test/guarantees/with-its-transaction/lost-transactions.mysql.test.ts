import type { Pool, PoolConnection } from "mysql2/promise";
import { isReflexError, transaction } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { failureOf } from "../../support/errors/failure-of.ts";
import { describeEachServer } from "../../support/servers/engines.ts";
import { untilLockWait } from "../../support/servers/server-state.ts";
import { startServerWithPools } from "../../support/servers/server-with-pools.ts";
import { foreignIdsOf, idsOf, makeWork } from "../../support/streams/stored.ts";
import { makeTable, openInsert } from "../../support/streams/streams.ts";

describeEachServer((engine) => {
  describe("an insert that ends the transaction", () => {
    /** A heavier transaction, so that the server ends the other one, which the work's row 1 makes it wait for. */
    async function heavyTransaction(pool: Pool, work: string): Promise<PoolConnection> {
      const heavy = await pool.getConnection();
      await heavy.query("start transaction");
      const rows = Array.from({ length: 50 }, (_, index) => `(${index + 100})`).join(", ");
      await heavy.query(`insert into ${work} (id) values ${rows}`);
      return heavy;
    }

    // Catches a transaction() that commits what came after the loss without what came before it.
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
        await untilLockWait(pool, heavy.threadId);
        errors.push(await failureOf(table.insert(tx, "contested", 1)));
        await waiting;
        errors.push(await failureOf(table.insert(tx, "after", 1)));
        errors.push(await failureOf(tx.query(`insert into ${work} (id) values (3)`)));
      });
      expect(await failureOf(losing)).toMatchObject({ code: "transaction_lost" });
      expect(errors[0]).toMatchObject({ code: "transaction_lost", cause: { errno: 1213 } });
      expect(errors[1]).toMatchObject({ code: "transaction_lost" });
      expect(errors[2]).toBeDefined();
      await heavy.query("rollback");
      heavy.release();
      expect(await idsOf(pool, work)).toEqual([1]);
      expect(await foreignIdsOf(pool, table)).toEqual([]);
    });

    // Catches error 1467 taken for a passing one of the statement alone, when the transaction is gone.
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
        await untilLockWait(pool, heavy.threadId);
        swallowed = await failureOf(table.insert(tx, "lost", 1));
        await waiting;
        after = await failureOf(tx.query(`insert into ${work} (id) values (3)`));
      });
      expect(await failureOf(losing)).toMatchObject({ code: "transaction_lost" });
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
      const outcome = await failureOf(
        transaction(pool, async (tx) => {
          await tx.query("set session innodb_lock_wait_timeout = 1");
          await table.insert(tx, "before", 1);
          error = await failureOf(table.insert(tx, "contested", 1));
          await table.insert(tx, "after", 1);
        }),
      );
      await other.rollback();
      return { error, outcome, stored: await foreignIdsOf(pool, table) };
    }

    // Catches a lock's time-out taken for the end of the transaction.
    test("leaves the transaction usable", async () => {
      const { error, outcome, stored } = await runIntoLock(await engine.createRawPool());
      expect(error).toMatchObject({ code: "database_error", cause: { errno: 1205 } });
      expect(isReflexError(error, "transaction_lost")).toBe(false);
      expect(outcome).toBeUndefined();
      expect(stored).toEqual(["before", "after"]);
    });

    // Catches going by the error's number alone, so that the event after it is committed without what came before.
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
