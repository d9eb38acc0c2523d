import type { Pool, PoolConnection } from "mysql2/promise";
import { type EventsTable, transaction } from "reflex-rsql";
import type { BenchCase, BenchContext, BenchRow } from "./bench-case.ts";
import { makeTable, openPool } from "./bench-tables.ts";
import { interleaved, median, rateOf, ratioOf } from "./interleaved.ts";

const EVENTS = 1000;
const LOTS = [100, 57];

/** Many events in one transaction. */
export const insertMany: BenchCase = {
  name: "insert-many",
  title: `insertMany of ${EVENTS} events`,
  about: `\`insertMany\` of ${EVENTS} events inside a transaction, against one prepared multi-row INSERT of mysql2's \`execute\`, with its values in an array; both commit. \`lots\` are appended on a pool that others use, each in a \`transaction()\` of its own with \`insertMany\`, against one INSERT of mysql2's \`query\` in a transaction by hand.`,
  chart: { figure: "ratio", line: 1 },
  run: async (context) => {
    const pool = openPool(context.url, 2);
    try {
      const table = await makeTable(pool);
      const rows = await measure(context, pool, table);
      for (const size of LOTS) rows.push(await measureLots(context, { pool, table, size }));
      return rows;
    } finally {
      await pool.end();
    }
  },
};

async function measure({ quick }: BenchContext, pool: Pool, table: EventsTable): Promise<BenchRow[]> {
  const events = Array.from({ length: EVENTS }, (_, index) => ({ foreignId: `order-${index}`, type: 1 + (index % 5) }));
  const row = "(?, ?, utc_timestamp(6))";
  const rows = Array.from({ length: EVENTS }, () => row).join(", ");
  const text = `insert into \`${table.name}\` (foreign_id, type, timestamp) values ${rows}`;
  const count = quick ? 3 : 50;
  const connection = await pool.getConnection();
  const rate = (work: () => Promise<unknown>) => (): Promise<number> =>
    rateOf(count * EVENTS, () => inTransactions(connection, work, count));
  const rates = await interleaved(
    {
      raw: rate(() =>
        connection.execute(
          text,
          events.flatMap(({ foreignId, type }) => [foreignId, type]),
        ),
      ),
      insertMany: rate(() => table.insertMany(connection, events)),
    },
    quick ? 1 : 7,
  );
  connection.release();
  const figures = {
    ...ratioOf(rates.insertMany, rates.raw),
    eventsPerSecond: Math.round(median(rates.insertMany)),
  };
  return [{ name: `insertMany of ${EVENTS}`, figures, reach: [{ figure: "ratio", atLeast: 0.9 }] }];
}

async function inTransactions(connection: PoolConnection, work: () => Promise<unknown>, count: number): Promise<void> {
  for (let done = 0; done < count; done++) {
    await connection.beginTransaction();
    await work();
    await connection.commit();
  }
}

interface Lots {
  readonly pool: Pool;
  readonly table: EventsTable;
  readonly size: number;
}

/** Lots of events, on connections that someone else has used just before. */
async function measureLots({ quick }: BenchContext, { pool, table, size }: Lots): Promise<BenchRow> {
  const events = Array.from({ length: size }, (_, index) => ({ foreignId: `order-${index}`, type: 1 + (index % 5) }));
  const text = `insert into \`${table.name}\` (foreign_id, type, timestamp) values ?`;
  const count = quick ? 3 : 100;
  const rate = (append: () => Promise<unknown>) => (): Promise<number> =>
    rateOf(count * size, async () => {
      for (let done = 0; done < count; done++) {
        await pool.query("select 1");
        await append();
      }
    });
  const byHand = async (): Promise<void> => {
    const connection = await pool.getConnection();
    try {
      await connection.beginTransaction();
      await connection.query(text, [events.map(({ foreignId, type }) => [foreignId, type, new Date()])]);
      await connection.commit();
    } catch (error) {
      await connection.rollback();
      throw error;
    } finally {
      connection.release();
    }
  };
  const ours = (): Promise<unknown> => transaction(pool, (tx) => table.insertMany(tx, events));
  const rates = await interleaved({ hand: rate(byHand), ours: rate(ours) }, quick ? 1 : 21);
  const figures = { ...ratioOf(rates.ours, rates.hand), eventsPerSecond: Math.round(median(rates.ours)) };
  return { name: `lots of ${size}, shared`, figures, reach: [{ figure: "ratio", atLeast: 0.95 }] };
}
