import { setTimeout as delay } from "node:timers/promises";
import { createPool, type Pool, type PoolConnection } from "mysql2/promise";
import { createTables, type EventStream, EventsTable } from "reflex-rsql";
import { startTcpProxy, type TcpProxy } from "../test/support/servers/tcp-proxy.ts";
import type { BenchCase, BenchContext, BenchRow, Figures } from "./bench-case.ts";
import { openPool } from "./bench-tables.ts";
import { median, rounded } from "./interleaved.ts";

/** What streams cost where each answer of the server takes long. */
export const slowLink: BenchCase = {
  name: "slowLink",
  title: "Round trips over a slow link",
  about:
    "Streams read through a proxy that keeps all bytes for a while; writers are beside the server. A round trip is the time of `select 1` there in the same run. `first` is the first gap that a pool sees, whose connections are opened for it; `next` is one that comes soon after another. Counted from the commit above the gap, or from the end of the transaction that was open.",
  run: async (context) => {
    await using proxy = await startTcpProxy(context.server.socketPath);
    const writer = openPool(context.url);
    try {
      return await rows(context, proxy, writer);
    } finally {
      await writer.end();
    }
  },
};

async function rows({ quick }: BenchContext, proxy: TcpProxy, writer: Pool): Promise<BenchRow[]> {
  const oneWayMs = quick ? 10 : 50;
  const rounds = quick ? 1 : 5;
  proxy.delay({ toServerMs: oneWayMs, toClientMs: oneWayMs });
  const found: BenchRow[] = [];
  for (const [name, { measure, reach }] of Object.entries(measurements)) {
    const samples: Sample[] = [];
    for (let round = 0; round < rounds; round++) samples.push(await inScene(proxy, writer, measure));
    found.push({ name, figures: figuresOf(samples), reach: [{ figure: "roundTrips", atMost: reach }] });
  }
  return found;
}

interface Scene {
  readonly writer: Pool;
  readonly table: EventsTable;
  readonly stream: EventStream;
  /** Measures a piece of work: the last one counts. */
  readonly meter: Meter;
}

interface Sample {
  readonly roundTrips: number;
  readonly statements: number;
}

type Measure = (scene: Scene) => Promise<void>;

const GAPS = 50;

const measurements: Readonly<Record<string, { measure: Measure; reach: number }>> = {
  "start of the first stream": { measure: ({ stream, meter }) => meter.during(() => stream.start()), reach: 10.5 },
  "start, then the first page": {
    measure: async ({ writer, table, stream, meter }) => {
      await table.insert(writer, "stored", 1);
      await meter.during(() => stream.next());
    },
    reach: 15,
  },
  "an event at the head": {
    measure: async ({ writer, table, stream, meter }) => {
      await atHead({ writer, table, stream });
      await meter.during(async () => {
        await table.insert(writer, "woken", 1);
        await stream.next();
      });
    },
    reach: 1.5,
  },
  "first: never-seen rollback": { measure: (scene) => closeFirst(scene, [1]), reach: 10 },
  "first: 50 gaps": { measure: (scene) => closeFirst(scene, ones(GAPS)), reach: 10 },
  "first: gap of 10 000": { measure: (scene) => closeFirst(scene, [10_000]), reach: 18 },
  "next: never-seen rollback": { measure: (scene) => closeNext(scene, [1]), reach: 4.5 },
  "next: 50 gaps": { measure: (scene) => closeNext(scene, ones(GAPS)), reach: 4.5 },
  "next: gap of 10 000": { measure: (scene) => closeNext(scene, [10_000]), reach: 10 },
  "next: in-flight commit": { measure: (scene) => endOpen(scene, "commit"), reach: 1.8 },
  "next: in-flight rollback": { measure: (scene) => endOpen(scene, "rollback"), reach: 4 },
};

async function atHead({ writer, table, stream }: Pick<Scene, "writer" | "table" | "stream">): Promise<void> {
  await stream.start();
  await table.insert(writer, "first", 1);
  await stream.next();
}

async function closeFirst(scene: Scene, gaps: readonly number[]): Promise<void> {
  await atHead(scene);
  await passGaps(scene, gaps);
}

async function closeNext(scene: Scene, gaps: readonly number[]): Promise<void> {
  await atHead(scene);
  await passGaps(scene, [1]);
  await passGaps(scene, gaps);
}

async function endOpen(scene: Scene, end: "commit" | "rollback"): Promise<void> {
  await atHead(scene);
  // What the first one prepares is there for the second, which counts.
  for (let round = 0; round < 2; round++) await passOpen(scene, end);
}

async function passOpen({ writer, table, stream, meter }: Scene, end: "commit" | "rollback"): Promise<void> {
  const open = await insertOpen(table, writer, 1);
  const next = stream.next();
  await table.insert(writer, "above", 1);
  // The gap was seen by then, the connections are open, and the row is waited for.
  await delay(meter.roundTripMs * 8);
  await meter.during(async () => {
    await open[end]();
    await next;
  });
  open.release();
  if (end === "commit") await stream.next();
}

/** Leaves gaps of these sizes with an event above each, in one transaction. Measures from its commit to the last event. */
async function passGaps({ writer, table, stream, meter }: Scene, gaps: readonly number[]): Promise<void> {
  const connection = await writer.getConnection();
  await connection.beginTransaction();
  let notify = (): void => undefined;
  for (const size of gaps) {
    await connection.query("savepoint gap");
    await insertRows(connection, table, size);
    await connection.query("rollback to savepoint gap");
    notify = await table.insert(connection, "kept", 1);
  }
  await meter.during(async () => {
    await connection.commit();
    notify();
    for (const _ of gaps) await stream.next();
  });
  connection.release();
}

async function insertOpen(table: EventsTable, writer: Pool, size: number): Promise<PoolConnection> {
  const connection = await writer.getConnection();
  await connection.beginTransaction();
  await insertRows(connection, table, size);
  return connection;
}

function insertRows(connection: PoolConnection, table: EventsTable, size: number): Promise<unknown> {
  const events = Array.from({ length: size }, () => ({ foreignId: "x", type: 1 }));
  return table.insertMany(connection, events);
}

class Meter {
  readonly roundTripMs: number;
  readonly #proxy: TcpProxy;
  sample: Sample | undefined;

  constructor(proxy: TcpProxy, roundTripMs: number) {
    this.#proxy = proxy;
    this.roundTripMs = roundTripMs;
  }

  async during(work: () => Promise<unknown>): Promise<void> {
    let statements = 0;
    const stop = this.#proxy.onCommand((packet) => {
      if (isStatement(packet)) statements++;
    });
    const startedAt = performance.now();
    await work();
    const roundTrips = (performance.now() - startedAt) / this.roundTripMs;
    stop();
    this.sample = { roundTrips, statements };
  }
}

const COMMANDS = { query: 3, prepare: 22, execute: 23 };

function isStatement([command]: Uint8Array): boolean {
  return Object.values(COMMANDS).some((code) => code === command);
}

let tables = 0;

async function inScene(proxy: TcpProxy, writer: Pool, measure: Measure): Promise<Sample> {
  const pool = createPool(`${proxy.url("bench")}?connectionLimit=10`);
  const table = new EventsTable(`slow_link_${++tables}_${process.pid}`);
  await createTables(writer, [table]);
  const meter = new Meter(proxy, await roundTripOf(pool));
  const stream = table.stream(pool, "");
  try {
    await measure({ writer, table, stream, meter });
    if (meter.sample === undefined) throw new Error("nothing was measured");
    return meter.sample;
  } finally {
    await stream.close();
    await pool.end();
  }
}

async function roundTripOf(pool: Pool): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 4; round++) {
    const startedAt = performance.now();
    await pool.query("select 1");
    times.push(performance.now() - startedAt);
  }
  // The first one opened the connection.
  return median(times.slice(1));
}

function figuresOf(samples: readonly Sample[]): Figures {
  const roundTrips = samples.map((sample) => sample.roundTrips);
  return {
    roundTrips: rounded(median(roundTrips)),
    lowest: rounded(Math.min(...roundTrips)),
    highest: rounded(Math.max(...roundTrips)),
    statements: median(samples.map(({ statements }) => statements)),
    rounds: samples.length,
  };
}

function ones(count: number): number[] {
  return Array.from({ length: count }, () => 1);
}
