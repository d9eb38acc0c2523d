import type { Pool, RowDataPacket } from "mysql2/promise";
import { type CursorStore, CursorsTable, createTables } from "reflex-rsql";
import type { BenchCase, BenchContext, BenchRow } from "./bench-case.ts";
import { openPool } from "./bench-tables.ts";
import { interleaved, median, ratioOf, rounded } from "./interleaved.ts";
import { createDatabase } from "./run-cases.ts";

const CURSORS = 200;

/** Cursors held back and written together. */
export const cursors: BenchCase = {
  name: "cursors",
  title: `${CURSORS} cursors flushed at once`,
  about: `The flush of a store with ${CURSORS} cursors to write, against ${CURSORS} single UPDATEs of mysql2's \`execute\`, one after the other on one connection. \`statements\` are the server's own count of those that write to the table, \`roundTrips\` of all that it was asked, which includes the beginning and the end of the transaction. \`durable\` is a server as in production, with a binary log and each commit on the disk.`,
  chart: { figure: "ratio" },
  run: async (context) => {
    const row = await measureOn(context, context.url);
    await using durable = await context.startServer({ durable: true });
    const url = await createDatabase(durable);
    return [row, { ...(await measureOn(context, url)), name: `${row.name}, durable` }];
  },
};

async function measureOn({ quick }: BenchContext, url: string): Promise<BenchRow> {
  const [pool, counting] = [openPool(url), openPool(url, 1)];
  try {
    return await measure(quick, { pool, counting });
  } finally {
    await pool.end();
    await counting.end();
  }
}

interface Pools {
  readonly pool: Pool;
  /** To look at the server's counters, beside the connections that are measured. */
  readonly counting: Pool;
}

interface Scene extends Pools {
  readonly table: CursorsTable;
  readonly store: CursorStore;
}

async function measure(quick: boolean, pools: Pools): Promise<BenchRow> {
  const { pool } = pools;
  const table = new CursorsTable("bench_flushed_cursors");
  await createTables(pool, [table]);
  const scene = { ...pools, table, store: table.toStore(pool) };
  let cursor = 0;
  // Rows of their own: a cursor that someone else moved is not ours to flush.
  await addSingles(pool);
  await flush(scene, ++cursor);
  await flush(scene, ++cursor);
  const counts = await statementsOf(scene, ++cursor);
  const repeats = quick ? 2 : 20;
  const rates = await interleaved(
    {
      singles: () => repeated(repeats, () => writeSingles(pool, ++cursor)),
      flush: () => repeated(repeats, () => flush(scene, ++cursor)),
    },
    quick ? 1 : 7,
  );
  await scene.store.flush();
  const figures = {
    ...ratioOf(rates.flush, rates.singles),
    ...counts,
    flushMs: rounded((1000 * CURSORS) / median(rates.flush)),
    singlesMs: rounded((1000 * CURSORS) / median(rates.singles)),
  };
  const reach = [
    { figure: "statements", atMost: 1 },
    { figure: "ratio", atLeast: 20 },
  ];
  return { name: `${CURSORS} cursors`, figures, reach };
}

/** Cursors written per second of the part of `work` that it gives the ms of. */
async function repeated(repeats: number, work: () => Promise<number>): Promise<number> {
  let tookMs = 0;
  for (let repeat = 0; repeat < repeats; repeat++) tookMs += await work();
  return (repeats * CURSORS * 1000) / tookMs;
}

/** Sets every cursor, which writes nothing yet, and gives the ms that the flush takes. */
async function flush({ store }: Pick<Scene, "store">, cursor: number): Promise<number> {
  for (let consumer = 0; consumer < CURSORS; consumer++) await store.setCursor(`consumer-${consumer}`, `${cursor}`);
  const startedAt = performance.now();
  await store.flush();
  return performance.now() - startedAt;
}

async function writeSingles(pool: Pool, cursor: number): Promise<number> {
  const connection = await pool.getConnection();
  const startedAt = performance.now();
  for (let consumer = 0; consumer < CURSORS; consumer++) {
    await connection.execute(
      "update bench_single_cursors set last_event_id = ?, updated_at = utc_timestamp(6) where id = ?",
      [cursor, `consumer-${consumer}`],
    );
  }
  const tookMs = performance.now() - startedAt;
  connection.release();
  return tookMs;
}

async function addSingles(pool: Pool): Promise<void> {
  await pool.query("create table bench_single_cursors like bench_flushed_cursors");
  const rows = Array.from({ length: CURSORS }, (_, consumer) => `('consumer-${consumer}', 0, utc_timestamp(6))`);
  await pool.query(`insert into bench_single_cursors (id, last_event_id, updated_at) values ${rows.join(", ")}`);
}

/** What the server counts while all cursors are flushed once; it counts the question too, but once. */
async function statementsOf(scene: Scene, cursor: number): Promise<{ statements: number; roundTrips: number }> {
  const before = await counters(scene.counting);
  await flush(scene, cursor);
  const after = await counters(scene.counting);
  const grown = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  const statements = WRITES.reduce((sum, name) => sum + grown(name), 0);
  return { statements, roundTrips: grown("Questions") - 1 };
}

// An UPDATE that joins counts apart.
const WRITES = ["Com_update", "Com_update_multi", "Com_insert", "Com_insert_select", "Com_replace"];

async function counters(pool: Pool): Promise<ReadonlyMap<string, number>> {
  const [rows] = await pool.query<(RowDataPacket & { Variable_name: string; Value: string })[]>(
    "show global status where variable_name in (?)",
    [[...WRITES, "Questions"]],
  );
  return new Map(rows.map(({ Variable_name: name, Value: value }) => [name, Number(value)]));
}
