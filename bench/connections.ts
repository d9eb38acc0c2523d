import { setTimeout as delay } from "node:timers/promises";
import { createPool as createMariadbPool } from "mariadb";
import { createPool as createMysql2Pool, type Pool } from "mysql2/promise";
import { type DatabaseHandle, type EventsTable, transaction } from "reflex-rsql";
import type { BenchCase, BenchContext, BenchRow, Figures } from "./bench-case.ts";
import { makeTable, openPool } from "./bench-tables.ts";
import { rounded } from "./interleaved.ts";
import { statusOf } from "./server-statements.ts";

const TABLES = [1, 2, 8];
const FULL_MS = 20_000;
const QUICK_MS = 2000;
const WARM_UP_MS = 1000;
const PAUSE_MS = 25;
const CONNECTIONS = 10;
const rolledBack = new Error("rolled back on purpose");

/** How many sessions come and go where gaps do. */
export const connections: BenchCase = {
  name: "connections",
  title: "Connections that are opened while transactions roll back",
  about: `A stream of each table, all on one pool of ${CONNECTIONS}. To each table one writer on another pool writes an event and rolls back another, by turns, about 40 of each in a second. The server's own counts, after a second to warm up.`,
  run: async (context) => {
    const rows: BenchRow[] = [];
    for (const [driver, open] of Object.entries(drivers)) {
      for (const tables of TABLES) {
        const figures = await measure(context, { tables, open });
        const reach = [
          { figure: "connectionsPerSecond", atMost: 1 },
          { figure: "abortedPerSecond", atMost: 0 },
        ];
        rows.push({ name: `${tables} ${tables === 1 ? "table" : "tables"}, ${driver}`, figures, reach });
      }
    }
    return rows;
  },
};

type OpenDriver = (socketPath: string) => DatabaseHandle & { end(): Promise<unknown> };

const facts = { user: "root", database: "bench", connectionLimit: CONNECTIONS };
const drivers: Readonly<Record<string, OpenDriver>> = {
  mysql2: (socketPath) => createMysql2Pool({ ...facts, socketPath }),
  mariadb: (socketPath) => createMariadbPool({ ...facts, socketPath }),
};

interface Scene {
  readonly tables: number;
  readonly open: OpenDriver;
}

async function measure({ server, url, quick }: BenchContext, { tables: count, open }: Scene): Promise<Figures> {
  const forWriters = openPool(url, count + 1);
  const pool = open(server.socketPath);
  try {
    const tables: EventsTable[] = [];
    for (let table = 0; table < count; table++) tables.push(await makeTable(forWriters));
    const streams = tables.map((table) => table.stream(pool, ""));
    const reading = streams.map(async (stream) => {
      for await (const { id } of stream) if (id === "") return;
    });
    let rollbacks = 0;
    const writing = new AbortController();
    const writers = tables.map(async (table) => {
      while (!writing.signal.aborted) {
        await rollBack(forWriters, table);
        rollbacks++;
        await table.insert(forWriters, "kept", 1);
        await delay(PAUSE_MS);
      }
    });
    await delay(WARM_UP_MS);
    rollbacks = 0;
    const durationMs = quick ? QUICK_MS : FULL_MS;
    const figures = await countedFor(forWriters, durationMs);
    const rollbacksPerSecond = Math.round((rollbacks * 1000) / durationMs);
    writing.abort();
    await Promise.all(writers);
    await Promise.all(streams.map((stream) => stream.close()));
    await Promise.all(reading);
    return { ...figures, rollbacksPerSecond, seconds: durationMs / 1000 };
  } finally {
    await pool.end();
    await forWriters.end();
  }
}

async function countedFor(pool: Pool, durationMs: number): Promise<Figures> {
  const names = ["Connections", "Aborted_clients"] as const;
  const before = [await statusOf(pool, names[0]), await statusOf(pool, names[1])] as const;
  await delay(durationMs);
  const perSecond = async (index: 0 | 1): Promise<number> =>
    rounded((((await statusOf(pool, names[index])) - before[index]) * 1000) / durationMs);
  return { connectionsPerSecond: await perSecond(0), abortedPerSecond: await perSecond(1) };
}

async function rollBack(pool: Pool, table: EventsTable): Promise<void> {
  const work = transaction(pool, async (tx) => {
    await table.insert(tx, "rolled back", 1);
    throw rolledBack;
  });
  await work.catch((error: unknown) => {
    if (error !== rolledBack) throw error;
  });
}
