import type { Pool, PoolConnection } from "mysql2/promise";
import { type EventsTable, transaction } from "reflex-rsql";
import type { BenchCase, BenchContext, BenchRow } from "./bench-case.ts";
import { makeTable, openPool } from "./bench-tables.ts";
import { interleaved, median, rateOf, ratioOf } from "./interleaved.ts";

const OWN = "insert into bench_insert_orders (reference, total) values (?, ?)";
const MOST_AT_ONCE = 32;

/** One event beside the user's own row, in one transaction: the main case of a service that writes events. */
export const insert: BenchCase = {
  name: "insert",
  title: "A transaction with a row of the user's and an event",
  about:
    "`transaction()` with the user's own `execute` and `insert`, against the same by hand on mysql2: getConnection, beginTransaction, two `execute`s, commit, release. `insert alone` is `insert` inside the hand-made transaction. `shared` has someone else's query on each connection between two transactions, on both sides.",
  chart: { figure: "ratio", line: 1 },
  run: async (context) => {
    const pool = openPool(context.url, 40);
    try {
      await pool.query(
        "create table bench_insert_orders (id bigint primary key auto_increment, reference varchar(40) not null, total int not null)",
      );
      return [...(await measure(context, pool, 1)), ...(await measure(context, pool, MOST_AT_ONCE))];
    } finally {
      await pool.end();
    }
  },
};

/** Does one transaction, told its number. */
type Transact = (number: number) => Promise<unknown>;

async function measure({ quick }: BenchContext, pool: Pool, connections: number): Promise<BenchRow[]> {
  // Many short rounds: what the machine does besides comes in bursts.
  const count = (quick ? 20 : 150) * (connections === 1 ? 2 : 8);
  const ways = waysOf(pool, await makeTable(pool));
  const rate = (transact: Transact) => (): Promise<number> =>
    rateOf(count, () => inLoops(transact, count, connections));
  // In pairs, so that each of the two comes first as often, and follows the other.
  const compare = async (name: string, hand: Transact, ours: Transact): Promise<BenchRow> => {
    const rates = await interleaved({ hand: rate(hand), ours: rate(ours) }, quick ? 1 : 41);
    const figures = {
      ...ratioOf(rates.ours, rates.hand),
      transactionsPerSecond: Math.round(median(rates.ours)),
      handPerSecond: Math.round(median(rates.hand)),
    };
    return { name: `${name}, ${connections} connection${connections === 1 ? "" : "s"}`, figures };
  };
  const main = await compare("transaction()", ways.hand, ways.ours);
  const alone = await compare("insert alone", ways.hand, ways.insertAlone);
  const shared = await compare("transaction(), shared", sharing(pool, ways.hand), sharing(pool, ways.ours));
  return [
    { ...main, reach: [{ figure: "ratio", atLeast: 0.97 }] },
    alone,
    { ...shared, reach: [{ figure: "ratio", atLeast: 0.95 }] },
  ];
}

function waysOf(pool: Pool, table: EventsTable): Readonly<Record<"hand" | "ours" | "insertAlone", Transact>> {
  const text = `insert into \`${table.name}\` (foreign_id, type, timestamp) values (?, ?, utc_timestamp(6))`;
  const own = (tx: PoolConnection, number: number): Promise<unknown> => tx.execute(OWN, [`order-${number}`, number]);
  return {
    hand: (number) =>
      byHand(pool, async (connection) => {
        await own(connection, number);
        await connection.execute(text, [`order-${number}`, 1]);
      }),
    ours: (number) =>
      transaction(pool, async (tx) => {
        await own(tx, number);
        await table.insert(tx, `order-${number}`, 1);
      }),
    insertAlone: (number) =>
      byHand(pool, async (connection) => {
        await own(connection, number);
        await table.insert(connection, `order-${number}`, 1);
      }),
  };
}

/** What a careful user would write. */
async function byHand(pool: Pool, use: (connection: PoolConnection) => Promise<void>): Promise<void> {
  const connection = await pool.getConnection();
  try {
    await connection.beginTransaction();
    await use(connection);
    await connection.commit();
  } catch (error) {
    await connection.rollback();
    throw error;
  } finally {
    connection.release();
  }
}

function sharing(pool: Pool, transact: Transact): Transact {
  return async (number) => {
    await pool.query("select 1");
    await transact(number);
  };
}

/** `count` transactions in `loops` loops, each of which waits for its own. */
async function inLoops(transact: Transact, count: number, loops: number): Promise<void> {
  let number = 0;
  const loop = async (): Promise<void> => {
    while (number < count) await transact(++number);
  };
  await Promise.all(Array.from({ length: loops }, loop));
}
