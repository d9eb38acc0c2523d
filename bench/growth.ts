import type { Pool } from "mysql2/promise";
import type { EventsTable } from "reflex-rsql";
import type { BenchCase, BenchContext, BenchRow } from "./bench-case.ts";
import { fillTable, makeTable, openPool } from "./bench-tables.ts";
import { heapAfterStreaming, readAll, type Tenths } from "./growth-streams.ts";
import { interleaved, median, ratioOf, rounded } from "./interleaved.ts";

const FULL = { small: 10_000, middle: 1_000_000, large: 10_000_000 };
const QUICK = { small: 10_000, middle: 20_000, large: 50_000 };
const PAGE = 1000;
const PAGES = 5;
// Pages are timed where there is more than they hold, in the smallest table too: a reader may read ahead.
const ROWS_BEYOND = 3000;

/** Whether anything grows with the table, or with how far behind a consumer is. */
export const growth: BenchCase = {
  name: "growth",
  title: "Tables of 10 000, 1 M and 10 M rows",
  about:
    "Page time: 5000 events from a random place on, by turns in each table, in ms for 1000. Heap: what is in use after a collection, the stream still open, against before it was opened. Flat: the speed of the last tenth of a backfill against that of its first tenth.",
  run: async (context) => {
    const { small, middle, large } = context.quick ? QUICK : FULL;
    const pool = openPool(context.url);
    const tables: EventsTable[] = [];
    const make = async (count: number): Promise<EventsTable> => {
      if (count > FULL.middle) context.progress(`writing ${count} rows`);
      const table = await makeTable(pool);
      tables.push(table);
      await fillTable(pool, table, { count });
      return table;
    };
    try {
      const scene = { pool, small: await make(small), middle: await make(middle), large: await make(large) };
      return [...(await pageRows(context, scene)), await heapRow(context, scene), await flatRow(context, scene)];
    } finally {
      for (const { name } of tables) await pool.query(`drop table \`${name}\``);
      await pool.end();
    }
  },
};

interface Scene {
  readonly pool: Pool;
  readonly small: EventsTable;
  readonly middle: EventsTable;
  readonly large: EventsTable;
}

async function pageRows({ quick }: BenchContext, { pool, ...tables }: Scene): Promise<BenchRow[]> {
  const sizes = quick ? QUICK : FULL;
  const times = (size: "small" | "middle" | "large") => () =>
    medianPageMs(tables[size], pool, { rows: sizes[size], places: quick ? 5 : 30 });
  const found = await interleaved(
    { small: times("small"), middle: times("middle"), large: times("large") },
    quick ? 1 : 9,
  );
  return (["middle", "large"] as const).map((size) => ({
    name: `page of ${PAGE}, ${sizes[size]} rows against ${sizes.small}`,
    figures: {
      ...ratioOf(found[size], found.small),
      pageMs: rounded(median(found[size])),
      pageMsOfSmall: rounded(median(found.small)),
    },
    reach: [{ figure: "ratio", atMost: 1.2 }],
  }));
}

interface PagesToTime {
  readonly rows: number;
  readonly places: number;
}

/** Of pages from random places on, opening the stream left out. */
async function medianPageMs(table: EventsTable, pool: Pool, { rows, places }: PagesToTime): Promise<number> {
  const events = PAGE * PAGES;
  const times: number[] = [];
  for (let place = 0; place < places; place++) {
    const after = 1 + Math.floor(Math.random() * (rows - events - ROWS_BEYOND));
    const stream = table.stream(pool, String(after));
    await stream.start();
    const startedAt = performance.now();
    for (let event = 0; event < events; event++) await stream.next();
    times.push((performance.now() - startedAt) / PAGES);
    if (Number(stream.position) !== after + events)
      throw new Error(`the stream of ${table.name} from ${after} on is at ${stream.position}`);
    await stream.close();
  }
  return median(times);
}

async function heapRow({ quick }: BenchContext, { pool, middle }: Scene): Promise<BenchRow> {
  const { middle: count } = quick ? QUICK : FULL;
  return {
    name: `heap after ${count} events`,
    figures: await heapAfterStreaming(middle, pool, count),
    reach: [{ figure: "heapGrowthMiB", atMost: 32 }],
  };
}

async function flatRow({ quick, progress }: BenchContext, { pool, large }: Scene): Promise<BenchRow> {
  const { large: count } = quick ? QUICK : FULL;
  const passes: Tenths[] = [];
  for (let pass = 1; pass <= (quick ? 1 : 3); pass++) {
    if (!quick) progress(`reading ${count} rows, pass ${pass} of 3`);
    passes.push(await readAll(large, pool, count));
  }
  const firsts = passes.map(({ rates }) => rates[0] ?? Number.NaN);
  const lasts = passes.map(({ rates }) => rates.at(-1) ?? Number.NaN);
  return {
    name: `a consumer ${count} events behind, last tenth against first`,
    figures: {
      ...ratioOf(lasts, firsts),
      eventsPerSecondFirst: Math.round(median(firsts)),
      eventsPerSecondLast: Math.round(median(lasts)),
      heapPeakMiB: rounded(Math.max(...passes.map(({ heapPeakMiB }) => heapPeakMiB))),
      residentGrowthMiB: rounded(median(passes.map(({ residentGrowthMiB }) => residentGrowthMiB))),
    },
    reach: [{ figure: "ratio", atLeast: 0.9 }],
  };
}
