import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { socketNotifier } from "reflex-rsql";
import type { PrivateServer } from "../src/testing/servers/private-server.ts";
import type { BenchCase, BenchContext, BenchRow, Figures, Reach } from "./bench-case.ts";
import { makeTable, openPool } from "./bench-tables.ts";
import { rounded } from "./interleaved.ts";
import { whileConsuming } from "./latency-consumers.ts";
import { writeInChild } from "./latency-writer-process.ts";
import { type Writes, writeEvents } from "./latency-writes.ts";
import { summarise } from "./percentiles.ts";
import { createDatabase } from "./run-cases.ts";
import { countStatements } from "./server-statements.ts";

/** How old an event is when its consumer gets it. */
export const latency: BenchCase = {
  name: "latency",
  title: "From commit to consumer",
  about:
    "From the return of the commit in the writer to the call of the consumer's function in `run`, by one clock. `other process` knows of the writer by the table alone; `idle` counts the statements that the server executes while nothing happens.",
  run: async (context) => {
    if (!context.quick) context.progress("events come one by one: two minutes");
    return rows(context);
  },
};

async function rows(context: BenchContext): Promise<BenchRow[]> {
  return [
    await sameProcess(context),
    await otherProcess(context, {
      name: "other process, an event every 40 ms",
      reach: [
        { figure: "p50Ms", atMost: 4 },
        { figure: "p99Ms", atMost: 12 },
      ],
    }),
    ...(await rarely(context)),
    await gtidWait(context),
    await withNotifier(context),
  ];
}

const LATENCY_WITHOUT_WATCHER: readonly Reach[] = [{ figure: "p50Ms", atMost: 2 }];

async function sameProcess({ url, quick }: BenchContext): Promise<BenchRow> {
  const pool = openPool(url);
  try {
    const tables = [await makeTable(pool)];
    const times = await whileConsuming(tables, pool, async (latenciesMs) =>
      latenciesMs(await writeEvents(tables, pool, { ...often(quick), pauseMs: 10 })),
    );
    return {
      name: "same process",
      figures: summariseWarm(times),
      reach: [
        { figure: "p50Ms", atMost: 1 },
        { figure: "p99Ms", atMost: 5 },
      ],
    };
  } finally {
    await pool.end();
  }
}

type Measured = Pick<BenchContext, "url" | "quick">;

/** What a row is called, what it is to reach, and how its processes tell each other of events, if they do. */
type RowFacts = Required<Pick<BenchRow, "name" | "reach">> & { readonly notifierPath?: string };

async function otherProcess({ url, quick }: Measured, { name, reach, notifierPath }: RowFacts): Promise<BenchRow> {
  const pool = openPool(url);
  const notifier = notifierPath === undefined ? undefined : socketNotifier({ path: notifierPath });
  try {
    const tables = [await makeTable(pool, { notifier })];
    const names = tables.map((table) => table.name);
    const times = await whileConsuming(tables, pool, async (latenciesMs) =>
      latenciesMs(await writeInChild({ url, tables: names, notifierPath, ...often(quick) })),
    );
    return { name, figures: summariseWarm(times), reach };
  } finally {
    await notifier?.close();
    await pool.end();
  }
}

// A writer process that has just begun finds streams that look seldom.
const WARM_UP = 5;

function often(quick: boolean): Writes {
  return { events: WARM_UP + (quick ? 10 : 500), pauseMs: 40, exponential: true };
}

function summariseWarm(timesMs: readonly number[]): Figures {
  return summarise(timesMs.slice(WARM_UP));
}

/** Streams that have hardly anything to do: how soon they find what there is, and what they ask for while there is none. */
async function rarely({ url, quick }: BenchContext): Promise<BenchRow[]> {
  const pool = openPool(url);
  const other = openPool(url, 1);
  try {
    const tables = await Promise.all(Array.from({ length: 5 }, () => makeTable(pool)));
    const writes = { events: quick ? 3 : 31, pauseMs: quick ? 500 : 2000, exponential: false };
    const names = tables.map(({ name }) => name);
    const seconds = quick ? 1 : 10;
    const { times, statements } = await whileConsuming(tables, pool, async (latenciesMs) => {
      const commits = await writeInChild({ url, tables: names, notifierPath: undefined, ...writes });
      const latencies = await latenciesMs(commits);
      // Shortly after an event streams look more often.
      await delay(500);
      return { times: latencies, statements: await countStatements(other, 0, () => delay(seconds * 1000)) };
    });
    return [
      {
        name: `other process, an event every ${writes.pauseMs / 1000} s, 5 tables`,
        figures: summarise(times),
        reach: [
          { figure: "p50Ms", atMost: 30 },
          { figure: "maxMs", atMost: 60 },
        ],
      },
      {
        name: "idle, 5 tables",
        figures: { statementsPerSecond: rounded(statements / seconds), seconds },
        reach: [{ figure: "statementsPerSecond", atMost: 25 }],
      },
    ];
  } finally {
    await other.end();
    await pool.end();
  }
}

/** On a server whose transactions have ids that one can wait for. Streams find that out by themselves. */
async function gtidWait({ server, startServer, quick }: BenchContext): Promise<BenchRow> {
  const name = "other process, an event every 40 ms, gtid_mode=ON";
  if (server.vendor === "mariadb") return { name, figures: {}, note: "MariaDB has none" };
  return withServer(
    () =>
      startServer({ flags: ["--gtid-mode=ON", "--enforce-gtid-consistency=ON", "--log-bin=binlog", "--server-id=1"] }),
    async (url) => otherProcess({ url, quick }, { name, reach: LATENCY_WITHOUT_WATCHER }),
  );
}

async function withServer<R>(start: () => Promise<PrivateServer>, work: (url: string) => Promise<R>): Promise<R> {
  const server = await start();
  try {
    return await work(await createDatabase(server));
  } finally {
    await server.stop();
  }
}

function withNotifier(context: BenchContext): Promise<BenchRow> {
  return otherProcess(context, {
    name: "other process, an event every 40 ms, socketNotifier",
    reach: LATENCY_WITHOUT_WATCHER,
    // The server's folder is this user's alone, and is removed with it.
    notifierPath: join(dirname(context.server.socketPath), "wake.sock"),
  });
}
