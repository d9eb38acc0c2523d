import { once } from "node:events";
import type { Pool } from "mysql2/promise";
import { type EventsTable, transaction } from "reflex-rsql";
import type { BenchCase, BenchContext, BenchRow } from "./bench-case.ts";
import { makeTable, openPool } from "./bench-tables.ts";
import { interleaved, median, rateOf, ratioOf } from "./interleaved.ts";
import { statusOf } from "./server-statements.ts";

/** A loop that writes events as fast as it can, beside a stream of them in the same process. */
export const besideStream: BenchCase = {
  name: "beside-stream",
  title: "A loop of transactions beside a stream of their events",
  about:
    "One process, one pool: a stream reads a table at its head while a loop commits one event after the other. The loop of `transaction()` with `insert`, whose commits wake the stream, against one by hand on mysql2 beside the same stream, which finds those events by looking. `statements` are all that the server ran, the stream's included, for each transaction, once the stream has delivered everything.",
  chart: { figure: "ratio", line: 1 },
  run: async (context) => {
    const pool = openPool(context.url);
    try {
      return [await measure(context, pool, await makeTable(pool))];
    } finally {
      await pool.end();
    }
  },
};

async function measure({ quick }: BenchContext, pool: Pool, table: EventsTable): Promise<BenchRow> {
  const count = quick ? 50 : 1000;
  const reader = new HeadReader(pool, table);
  const text = `insert into \`${table.name}\` (foreign_id, type, timestamp) values (?, ?, utc_timestamp(6))`;
  const byHand = async (): Promise<void> => {
    const connection = await pool.getConnection();
    try {
      await connection.beginTransaction();
      await connection.execute(text, ["order", 1]);
      await connection.commit();
    } catch (error) {
      await connection.rollback();
      throw error;
    } finally {
      connection.release();
    }
  };
  const ours = (): Promise<unknown> => transaction(pool, (tx) => table.insert(tx, "order", 1));
  const statements: Record<"hand" | "ours", number[]> = { hand: [], ours: [] };
  const loop = (name: "hand" | "ours", transact: () => Promise<unknown>) => async (): Promise<number> => {
    const before = await statusOf(pool, "Questions");
    const rate = await rateOf(count, async () => {
      for (let done = 0; done < count; done++) await transact();
    });
    await reader.hasRead(count);
    statements[name].push(((await statusOf(pool, "Questions")) - before) / count);
    return rate;
  };
  const rates = await interleaved({ hand: loop("hand", byHand), ours: loop("ours", ours) }, quick ? 1 : 21);
  await reader.close();
  const figures = {
    ...ratioOf(rates.ours, rates.hand),
    transactionsPerSecond: Math.round(median(rates.ours)),
    handPerSecond: Math.round(median(rates.hand)),
    statementsPerTransaction: Number(median(statements.ours).toFixed(2)),
    handStatementsPerTransaction: Number(median(statements.hand).toFixed(2)),
  };
  return { name: "1 writer, 1 stream", figures, reach: [{ figure: "ratio", atLeast: 0.95 }] };
}

/** Reads a table at its head, and counts. */
class HeadReader {
  readonly #abort = new AbortController();
  readonly #progress = new EventTarget();
  readonly #reading: Promise<void>;
  #read = 0;
  #wanted = 0;

  constructor(pool: Pool, table: EventsTable) {
    this.#reading = this.#readAll(pool, table);
  }

  /** Resolves once so many more events were read than were asked for before. */
  async hasRead(count: number): Promise<void> {
    this.#wanted += count;
    while (this.#read < this.#wanted) await once(this.#progress, "read");
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#reading;
  }

  async #readAll(pool: Pool, table: EventsTable): Promise<void> {
    const { signal } = this.#abort;
    try {
      for await (const { id } of table.stream(pool, "", { signal })) {
        this.#read += id === "" ? 0 : 1;
        this.#progress.dispatchEvent(new Event("read"));
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
