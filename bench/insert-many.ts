import type { Pool, PoolConnection } from "mysql2/promise";
import type { EventsTable } from "reflex-rsql";
import type { BenchCase, BenchContext, BenchRow } from "./bench-case.ts";
import { makeTable, openPool } from "./bench-tables.ts";
import { interleaved, median, rateOf, ratioOf } from "./interleaved.ts";

const EVENTS = 1000;

/** Many events in one transaction. */
export const insertMany: BenchCase = {
  name: "insert-many",
  title: `insertMany of ${EVENTS} events`,
  about: `\`insertMany\` of ${EVENTS} events inside a transaction, against one prepared multi-row INSERT of mysql2's \`execute\`, with its values in an array; both commit.`,
  chart: { figure: "ratio", line: 1 },
  run: async (context) => {
    const pool = openPool(context.url, 1);
    try {
      return await measure(context, pool, await makeTable(pool));
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
