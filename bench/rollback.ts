import { setTimeout as delay } from "node:timers/promises";
import type { Pool, PoolConnection } from "mysql2/promise";
import { createTables, type EventStream, EventsTable } from "reflex-rsql";
import type { BenchCase, BenchRow, Figures } from "./bench-case.ts";
import { openPool } from "./bench-tables.ts";
import { countedDatabase } from "./counted-database.ts";
import { summarise } from "./percentiles.ts";

/** How long until the events after a gap arrive, once it can be closed. */
export const rollback: BenchCase = {
  name: "rollback",
  title: "From the end of a gap's transaction to the next event delivered",
  about:
    "A stream stands at the head while a transaction takes an id and ends. `in-flight` was seen open before it ended; `never-seen` was over before the stream looked.",
  run: async ({ url, quick }) => {
    const pool = openPool(url);
    try {
      const rows: BenchRow[] = [];
      for (const [name, { measure, reachMs }] of Object.entries(latencies)) {
        const times = await measureMany(pool, measure, quick ? 20 : 500);
        rows.push({ name, figures: { ...summarise(times) }, reach: [{ figure: "p50Ms", atMost: reachMs }] });
      }
      const ids = quick ? 1000 : 10_000;
      const reach = [
        { figure: "statements", atMost: 4 },
        { figure: "p50Ms", atMost: 150 },
      ];
      rows.push({ name: `gap of ${ids} ids`, figures: await largeGap(pool, ids), reach });
      return rows;
    } finally {
      await pool.end();
    }
  },
};

interface Scene {
  readonly pool: Pool;
  readonly table: EventsTable;
  /** Resolves with the time at which the next event was handed over. */
  readonly next: () => Promise<number>;
  /** Resolves when the stream has seen the next gap. */
  readonly atGap: () => Promise<void>;
}

/** Each makes one gap, ends it, and gives the ms until the next event came. */
const latencies: Readonly<Record<string, { measure: (scene: Scene) => Promise<number>; reachMs: number }>> = {
  "in-flight rollback": { measure: (scene) => endOpenTransaction(scene, "rollback"), reachMs: 8 },
  "in-flight commit": { measure: (scene) => endOpenTransaction(scene, "commit"), reachMs: 5 },
  "never-seen rollback": { measure: endUnseenTransaction, reachMs: 24 },
};

async function endUnseenTransaction({ pool, table, next }: Scene): Promise<number> {
  const open = await insertOpen(pool, table);
  await open.rollback();
  open.release();
  const arrived = next();
  await table.insert(pool, "kept", 1);
  const committed = performance.now();
  return (await arrived) - committed;
}

async function endOpenTransaction(scene: Scene, end: "commit" | "rollback"): Promise<number> {
  const { pool, table, next, atGap } = scene;
  const open = await insertOpen(pool, table);
  const seen = atGap();
  const arrived = next();
  await table.insert(pool, "above", 1);
  await seen;
  // Long enough for the probe to have found the row, and at no fixed phase of anything.
  await delay(10 + Math.random() * 30);
  await open[end]();
  const ended = performance.now();
  open.release();
  const ms = (await arrived) - ended;
  if (end === "commit") await next();
  return ms;
}

async function insertOpen(pool: Pool, table: EventsTable): Promise<PoolConnection> {
  const connection = await pool.getConnection();
  await connection.beginTransaction();
  await table.insert(connection, "open", 1);
  return connection;
}

async function measureMany(pool: Pool, measure: (scene: Scene) => Promise<number>, count: number): Promise<number[]> {
  const table = await makeTable(pool);
  let gap: () => void = () => undefined;
  table.listenGaps(() => gap());
  const stream = table.stream(pool, "");
  await stream.start();
  const scene: Scene = {
    pool,
    table,
    next: () => nextAt(stream),
    atGap: () =>
      new Promise((resolve) => {
        gap = resolve;
      }),
  };
  const times: number[] = [];
  for (let round = 0; round < count; round++) times.push(await measure(scene));
  await stream.close();
  return times;
}

async function largeGap(pool: Pool, ids: number): Promise<Figures> {
  const times: number[] = [];
  let statements = 0;
  for (let round = 0; round < 5; round++) {
    const counted = countedDatabase(pool);
    const table = await makeTable(pool, { gaps: { primary: counted.database } });
    await table.insert(pool, "before", 1);
    const connection = await pool.getConnection();
    await connection.beginTransaction();
    await table.insertMany(
      connection,
      Array.from({ length: ids }, () => ({ foreignId: "x", type: 1 })),
    );
    await connection.rollback();
    connection.release();
    const stream = table.stream(pool, "");
    await nextAt(stream);
    const arrived = nextAt(stream);
    await table.insert(pool, "after", 1);
    const committed = performance.now();
    times.push((await arrived) - committed);
    statements = Math.max(statements, counted.statements());
    await stream.close();
  }
  const { p50Ms, maxMs, n } = summarise(times);
  return { ids, statements, p50Ms, maxMs, n };
}

let tables = 0;

async function makeTable(pool: Pool, options: ConstructorParameters<typeof EventsTable>[1] = {}): Promise<EventsTable> {
  const table = new EventsTable(`bench_${++tables}`, options);
  await createTables(pool, [table]);
  return table;
}

async function nextAt(stream: EventStream): Promise<number> {
  await stream.next();
  return performance.now();
}
