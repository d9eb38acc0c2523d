import { setTimeout as delay } from "node:timers/promises";
import { type Database, ReflexError, toDatabase } from "reflex-rsql";
import { expect, test } from "vitest";
import { describeEachEngine } from "../test/support/servers/engines.ts";
import { type OrderPlan, placeOrder } from "./place-order.ts";
import { createDemoTables, DemoTables } from "./tables.ts";

const plan: OrderPlan = { details: { customer: "Ada", cents: 100 }, pauseMs: 0, declined: false };
const COMMITS_AFTER_MS = 300;
let prefix = 0;

describeEachEngine((engine) => {
  async function createTables(): Promise<{ database: Database; tables: DemoTables }> {
    const database = toDatabase(await engine.createPool()) as Database;
    const tables = new DemoTables(`demo${++prefix}`);
    await createDemoTables(database, tables);
    return { database, tables };
  }

  // Catches a look that does not wait, which finds nothing and then meets its own order; and doing it again at once.
  test("an order whose COMMIT got no answer is looked for until that transaction has ended", async () => {
    const { database, tables } = await createTables();
    let ended: Promise<unknown> | undefined;
    const handle: Database = {
      identity: database.identity,
      dialect: database.dialect,
      run: database.run.bind(database),
      rows: database.rows.bind(database),
      session: database.session.bind(database),
      transaction: (use, options) =>
        new Promise((_, reject) => {
          ended ??= database.transaction(async (tx) => {
            await use(tx);
            reject(new ReflexError("commit_outcome_unknown", "the connection was lost while COMMIT ran"));
            await delay(COMMITS_AFTER_MS);
          }, options);
        }),
    };
    const ending = await placeOrder({ handle, tables, events: tables.eventsTable() }, "a-1", plan);
    expect(ending).toEqual({ kind: "committed", eventId: "1", attempts: 2 });
    await ended;
  });

  // Catches taking a deadlock for the end, or telling the id of the event that it undid.
  test("an order that is lost to a deadlock is placed again", async () => {
    const { database, tables } = await createTables();
    const raw = await engine.createRawPool();
    // What a trigger writes to this engine stays when the transaction is rolled back.
    await raw.query(`create table ${tables.prefix}_tries (n int) engine=MyISAM`);
    await raw.query(`create trigger ${tables.prefix}_trigger before insert on ${tables.events} for each row begin
      insert into ${tables.prefix}_tries values (1);
      if (select count(*) from ${tables.prefix}_tries) < 3 then
        signal sqlstate '40001' set mysql_errno = 1213, message_text = 'Deadlock found';
      end if; end`);
    const shop = { handle: database, tables, events: tables.eventsTable() };
    const ending = await placeOrder(shop, "a-1", plan);
    expect(ending).toMatchObject({ kind: "committed", attempts: 3 });
    const rows = await database.rows(`select cast(id as char) as id, foreign_id from ${tables.events}`, []);
    expect(rows).toEqual([{ id: ending.kind === "committed" ? ending.eventId : "", foreign_id: "a-1" }]);
  });
});
