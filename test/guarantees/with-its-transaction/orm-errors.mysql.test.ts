import type { ResultSetHeader } from "mysql2/promise";
import { EventsTable } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { failureOf } from "../../support/errors/failure-of.ts";
import { drizzleTransactions } from "../../support/orms/drizzle-executor.ts";
import { sequelizeTransactions } from "../../support/orms/sequelize-executor.ts";
import { describeEachServer } from "../../support/servers/engines.ts";
import { untilLockWait } from "../../support/servers/server-state.ts";
import { foreignIdsOf, makeWork } from "../../support/streams/stored.ts";
import { makeTable } from "../../support/streams/streams.ts";

const orms = [
  { orm: "Drizzle", open: drizzleTransactions },
  { orm: "Sequelize", open: sequelizeTransactions },
] as const;

describeEachServer((engine) => {
  describe.each(orms)("an insert through an executor of $orm, which wraps the driver's errors", ({ open }) => {
    // Catches a duplicate of the primary key that is not seen under the ORM's error: the insert would fail.
    test("takes a new id where a noop has taken its own", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      const noop = `insert into ${table.name} (foreign_id, type, timestamp) values ('0', 0, utc_timestamp(6))`;
      const [{ insertId }] = await pool.query<ResultSetHeader>(noop);
      // The first try of a session gets the id of the noop.
      await pool.query(`create trigger ${table.name}_taken before insert on ${table.name} for each row
        begin
          set @tries = coalesce(@tries, 0) + 1;
          if @tries = 1 then set new.id = ${insertId}; end if;
        end`);
      const transact = await open(engine);
      await transact(async (executor) => void (await table.insert(executor, "new", 1)));
      expect(await foreignIdsOf(pool, table)).toEqual(["new"]);
    });

    // Catches a deadlock that programs can't tell from a failure that leaves the transaction as it was.
    test("that loses its transaction to a deadlock is transaction_lost", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await pool.query(`alter table ${table.name} add unique key once (foreign_id)`);
      const work = await makeWork(pool, table);
      const heavy = await pool.getConnection();
      await heavy.query("start transaction");
      const rows = Array.from({ length: 50 }, (_, index) => `(${index + 100})`).join(", ");
      await heavy.query(`insert into ${work} (id) values ${rows}`);
      await table.insert(heavy, "contested", 1);
      const transact = await open(engine);
      let refused: unknown;
      await failureOf(
        transact(async (executor) => {
          await executor.run(`update ${work} set n = 1 where id = 1`, []);
          const waiting = heavy.query(`update ${work} set n = 2 where id = 1`);
          await untilLockWait(pool, heavy.threadId);
          refused = await failureOf(table.insert(executor, "contested", 1));
          await waiting;
        }),
      );
      await heavy.query("rollback");
      heavy.release();
      expect(refused).toMatchObject({ code: "transaction_lost" });
    });

    // Catches a table that takes no event any more, and is told as an error of the database without what to do about it.
    test("into a table whose ids have come to their end is wrong_schema", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await pool.query(`alter table ${table.name} modify id tinyint not null auto_increment`);
      await pool.query(
        `insert into ${table.name} (id, foreign_id, type, timestamp) values (127, 'last', 1, utc_timestamp(6))`,
      );
      const transact = await open(engine);
      const refused = await failureOf(transact(async (executor) => void (await table.insert(executor, "new", 1))));
      expect(refused).toMatchObject({ code: "wrong_schema", message: expect.stringContaining("come to its end") });
    });

    // Catches a missing table that is told as an error of the database, without what to do about it.
    test("into a table that does not exist is wrong_schema, and no message repeats a value", async () => {
      await engine.createRawPool();
      const transact = await open(engine);
      const missing = new EventsTable("nowhere_to_be_found");
      const refused = await failureOf(
        transact(async (executor) => void (await missing.insert(executor, "value-of-a-person", 1))),
      );
      expect(refused).toMatchObject({ code: "wrong_schema", details: { table: "nowhere_to_be_found" } });
      expect(String(refused)).not.toContain("value-of-a-person");
    });
  });

  // Catches the error of a proxy's trap in the place of what was thrown.
  test("an insert through an executor that throws what can't be looked at has that as its cause", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool);
    const transact = await drizzleTransactions(engine);
    const fail = (): never => {
      throw new Error("from trap");
    };
    const thrown = new Proxy(new Error("hidden"), { get: fail, getPrototypeOf: fail });
    let refused: unknown;
    await transact(async (executor) => {
      await table.insert(executor, "new", 1);
      const run = (): Promise<never> => Promise.reject(thrown);
      const failing = { run, rows: executor.rows.bind(executor) };
      refused = await failureOf(table.insert(failing, "newer", 1));
    });
    expect(refused).toMatchObject({ code: "database_error", message: expect.not.stringContaining("from trap") });
    expect(Object.is((refused as Error).cause, thrown)).toBe(true);
  });
});
