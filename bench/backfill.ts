import type { Pool } from "mysql2/promise";
import { CursorsTable, createConsumer, createTables, type EventsTable, type ReflexEvent, run } from "reflex-rsql";
import type { BenchCase, BenchContext, BenchRow } from "./bench-case.ts";
import { fillTable, makeTable, openPool } from "./bench-tables.ts";
import { handWrittenLoop } from "./hand-written-loop.ts";
import { interleaved, median, type Rates, rateOf, ratioOf } from "./interleaved.ts";
import { sameTextLoop } from "./same-text-loop.ts";

/** Reading a long table from its beginning, against the loop that a user would write by hand. */
export const backfill: BenchCase = {
  name: "backfill",
  title: "Backfill of 1 M events",
  about:
    "A stream from the table's beginning to its head. The baseline is a loop of mysql2's execute on one connection: the columns as they are, 1000 rows a page, an object a row. `same SQL` is that loop with the library's own page query; `every time` reads the time of each event on both sides. Rows with metadata are read first, 400 000 of them.",
  chart: { figure: "ratio", line: 1 },
  run: async (context) => {
    const pool = openPool(context.url);
    try {
      // First: collections of buffers cost more in a process that has collected millions of small objects before.
      const metadata = await metadataRows(context, pool);
      return [...(await plainRows(context, pool)), ...metadata];
    } finally {
      await pool.end();
    }
  },
};

/** The page that the library reads, as text: what `same SQL` sends. */
async function plainRows(context: BenchContext, pool: Pool): Promise<BenchRow[]> {
  const { quick, server } = context;
  const count = quick ? 20_000 : 1_000_000;
  const table = await makeTable(pool);
  await fillTable(pool, table, { count });
  const cursors = new CursorsTable("backfill_cursors");
  await createTables(pool, [cursors]);
  let consumers = 0;
  const rates = await interleaved(
    {
      hand: () => counted(count, () => handWrittenLoop(pool, table)),
      "hand, every time": () => {
        let sum = 0;
        return counted(count, () =>
          handWrittenLoop(pool, {
            name: table.name,
            each: ({ timestamp }) => {
              sum += timestamp.getTime();
            },
          }).then((rows) => (sum > 0 ? rows : 0)),
        );
      },
      "same SQL": () => counted(count, () => sameTextLoop(pool, table)),
      "for await": () => counted(count, () => iterate(table, pool)),
      "batches()": () => counted(count, () => iterateBatches(table, pool)),
      "for await, every time": () => counted(count, () => iterateTimes(table, pool)),
      run: () => counted(count, () => consume(table, { pool, cursors, name: `consumer-${++consumers}` })),
    },
    quick ? 1 : 7,
  );
  const mysql = server.vendor === "mysql";
  return [
    { ...against(rates, "for await", "hand"), reach: [{ figure: "ratio", atLeast: 1.5 }] },
    { ...against(rates, "batches()", "hand"), reach: [{ figure: "ratio", atLeast: mysql ? 1.8 : 2 }] },
    { ...against(rates, "run", "hand"), name: "run, empty consumer", reach: [{ figure: "ratio", atLeast: 1 }] },
    against(rates, "for await", "same SQL"),
    against(rates, "for await, every time", "hand, every time"),
  ];
}

async function metadataRows({ quick }: BenchContext, pool: Pool): Promise<BenchRow[]> {
  const count = quick ? 5000 : 400_000;
  const table = await makeTable(pool, { metadataField: "metadata" });
  await fillTable(pool, table, { count, columns: { metadata: "repeat(char(n mod 250 + 1), 1024)" } });
  const rates = await interleaved(
    {
      hand: () => counted(count, () => handWrittenLoop(pool, { name: table.name, columns: ["metadata"] })),
      "for await": () => counted(count, () => iterate(table, pool)),
      "same SQL": () => counted(count, () => sameTextLoop(pool, table)),
    },
    quick ? 1 : 7,
  );
  // The driver alone is slower than the loop by hand where it is given the same columns: the target is what it can do.
  return [
    { ...against(rates, "for await", "hand"), name: "for await, 1 KiB of metadata" },
    { ...against(rates, "same SQL", "hand"), name: "same SQL, 1 KiB of metadata" },
    {
      ...against(rates, "for await", "same SQL"),
      name: "for await, 1 KiB of metadata, against same SQL",
      reach: [{ figure: "ratio", atLeast: 0.97 }],
    },
  ];
}

function against<Name extends string>(rates: Rates<Name>, name: Name, baseline: Name): BenchRow {
  return {
    name: baseline === "hand" ? name : `${name}, against ${baseline}`,
    figures: { ...ratioOf(rates[name], rates[baseline]), eventsPerSecond: Math.round(median(rates[name])) },
  };
}

/** Events per second of work that must come to `count` of them. */
export async function counted(count: number, work: () => Promise<number>): Promise<number> {
  let found = 0;
  const rate = await rateOf(count, async () => {
    found = await work();
  });
  if (found !== count) throw new Error(`expected ${count} events, found ${found}`);
  return rate;
}

export async function iterate(table: EventsTable, pool: Pool): Promise<number> {
  let count = 0;
  let last: ReflexEvent | undefined;
  for await (const event of table.stream(pool, "", { toHead: true })) {
    last = event;
    count++;
  }
  return last === undefined ? 0 : count;
}

async function iterateTimes(table: EventsTable, pool: Pool): Promise<number> {
  let count = 0;
  let sum = 0;
  for await (const event of table.stream(pool, "", { toHead: true })) {
    sum += event.timestampMicros;
    count++;
  }
  return sum > 0 ? count : 0;
}

async function iterateBatches(table: EventsTable, pool: Pool): Promise<number> {
  let count = 0;
  for await (const events of table.stream(pool, "", { toHead: true }).batches()) count += events.length;
  return count;
}

interface ConsumeScene {
  readonly pool: Pool;
  readonly cursors: CursorsTable;
  readonly name: string;
}

async function consume(table: EventsTable, { pool, cursors, name }: ConsumeScene): Promise<number> {
  let count = 0;
  const consumer = createConsumer(name, () => {
    count++;
  });
  const store = cursors.toStore(pool);
  await run({ stream: table.toStream(pool), cursors: store, consumer, options: { toHead: true } });
  return count;
}
