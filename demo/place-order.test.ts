import SqliteHandle from "libsql";
import { type Database, ReflexError, type ReflexErrorCode, toDatabase } from "reflex-rsql";
import { expect, test } from "vitest";
import { type OrderPlan, placeOrder, type Shop } from "./place-order.ts";
import { createDemoTables, DemoTables } from "./tables.ts";

const plan: OrderPlan = { details: { customer: "Ada", cents: 100 }, pauseMs: 0, declined: false };

type Transaction = Database["transaction"];

/** A shop whose transactions end as `troubles` say, one each: `committed` tells whether before or after its COMMIT. */
async function shopWith(
  ...troubles: readonly { code: ReflexErrorCode; committed: boolean }[]
): Promise<{ shop: Shop; contents: () => Promise<unknown[]> }> {
  const real = toDatabase(new SqliteHandle(":memory:")) as Database;
  const tables = new DemoTables("demo");
  await createDemoTables(real, tables);
  const coming = [...troubles];
  const transaction: Transaction = async (use, options) => {
    const trouble = coming.shift();
    if (trouble === undefined) return real.transaction(use, options);
    const error = new ReflexError(trouble.code, "trouble");
    await real.transaction(async (tx) => {
      await use(tx);
      if (!trouble.committed) throw error;
    }, options);
    throw error;
  };
  const handle: Database = {
    identity: real.identity,
    dialect: real.dialect,
    run: real.run.bind(real),
    rows: real.rows.bind(real),
    session: real.session.bind(real),
    transaction,
  };
  const contents = async (): Promise<unknown[]> => {
    const orders = await real.rows(`select id from ${tables.orders}`, []);
    return [...orders, ...(await real.rows(`select id, foreign_id from ${tables.events}`, []))];
  };
  return { shop: { handle, tables, events: tables.eventsTable() }, contents };
}

const placedOnce = [{ id: "a-1" }, { id: 1, foreign_id: "a-1" }];

test("an order and its event are there together", async () => {
  const { shop, contents } = await shopWith();
  expect(await placeOrder(shop, "a-1", plan)).toEqual({ kind: "committed", eventId: "1", attempts: 1 });
  expect(await contents()).toEqual(placedOnce);
});

// Catches a marker that is not thrown inside the transaction, or taken for a failure.
test("a declined order leaves neither, and is tried once", async () => {
  const { shop, contents } = await shopWith();
  expect(await placeOrder(shop, "a-1", { ...plan, declined: true })).toEqual({ kind: "rolled back", attempts: 1 });
  expect(await contents()).toEqual([]);
});

// Catches giving up, and telling of an event id that was rolled back.
test("a lost transaction is done again, all of it", async () => {
  const lost = { code: "transaction_lost", committed: false } as const;
  const { shop, contents } = await shopWith(lost, lost);
  expect(await placeOrder(shop, "a-1", plan)).toMatchObject({ kind: "committed", attempts: 3 });
  expect(await contents()).toEqual(placedOnce);
});

// Catches doing it again without a look, which meets its own order, or is paid twice where ids are new each time.
test("an order whose COMMIT got no answer is found, not placed again", async () => {
  const { shop, contents } = await shopWith({ code: "commit_outcome_unknown", committed: true });
  expect(await placeOrder(shop, "a-1", plan)).toEqual({ kind: "committed", eventId: "1", attempts: 2 });
  expect(await contents()).toEqual(placedOnce);
});

// Catches taking silence for success.
test("an order whose COMMIT got no answer and was rolled back is placed again", async () => {
  const { shop, contents } = await shopWith({ code: "commit_outcome_unknown", committed: false });
  expect(await placeOrder(shop, "a-1", plan)).toMatchObject({ kind: "committed", attempts: 2 });
  expect(await contents()).toEqual(placedOnce);
});

test("what no retry can mend is thrown at once", async () => {
  const { shop } = await shopWith({ code: "wrong_schema", committed: false });
  await expect(placeOrder(shop, "a-1", plan)).rejects.toMatchObject({ code: "wrong_schema" });
});
