import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Pool } from "mysql2/promise";
import * as library from "reflex-rsql";
import type { BenchCase, BenchContext, BenchRow } from "./bench-case.ts";
import { fillTable, makeTable, openPool } from "./bench-tables.ts";
import { type Contender, interleaved, median, rateOf, ratioOf } from "./interleaved.ts";
import type { LeftOut } from "./left-out.ts";

type Library = typeof library;

/** What one optimisation is measured by: how fast this copy of the library does some work. */
type Work = (copy: Library) => Promise<number>;

interface Optimisation {
  readonly name: string;
  readonly without: LeftOut;
  readonly work: Work;
  /** @defaultValue 9 */
  readonly rounds?: number;
}

const STREAMS = 8;
const TRANSACTIONS_AT_ONCE = 32;

/** What each optimisation pays, by leaving it out. */
export const optimisations: BenchCase = {
  name: "optimisations",
  title: "What each optimisation pays",
  about:
    "The library against a copy of it in which one optimisation is left out, by turns in one process. What a row does not pay is within the spread around 1: such an optimisation would go. `tools/variants` makes the copies, `bench/left-out.ts` names what each leaves out.",
  chart: { figure: "ratio", line: 1 },
  run: async (context) => {
    const pool = openPool(context.url, TRANSACTIONS_AT_ONCE + 8);
    try {
      const rows: BenchRow[] = [];
      for (const optimisation of await optimisationsOf(context, pool)) rows.push(await measure(context, optimisation));
      return rows;
    } finally {
      await pool.end();
    }
  },
};

async function measure({ quick }: BenchContext, { name, without, work, rounds = 9 }: Optimisation): Promise<BenchRow> {
  const copy = await copyOf(without);
  const contenders: Record<"with" | "without", Contender> = { with: () => work(library), without: () => work(copy) };
  const rates = await interleaved(contenders, quick ? 1 : rounds);
  return { name, figures: { ...ratioOf(rates.with, rates.without), perSecond: Math.round(median(rates.with)) } };
}

/** The library without one optimisation, bundled as it is published. npm runs its scripts in the package's folder. */
async function copyOf(without: LeftOut): Promise<Library> {
  const folder = resolve(".bench/variants", without.replaceAll(/\W+/g, "-"));
  await promisify(execFile)(process.execPath, ["tools/variants/bundle-variant.mjs", without, folder]);
  return import(pathToFileURL(resolve(folder, "index.js")).href) as Promise<Library>;
}

async function optimisationsOf({ quick }: BenchContext, pool: Pool): Promise<readonly Optimisation[]> {
  const count = quick ? 20_000 : 1_000_000;
  const { name } = await makeTable(pool);
  await fillTable(pool, { name }, { count });
  const iterate: Work = (copy) => rateOf(count, () => readAll(new copy.EventsTable(name), pool, count));
  const farBehind: Work = (copy) => rateOf(count, () => readApart(new copy.EventsTable(name), pool, count));
  const consume = await consumption(pool, { name, count });
  const transact = await transactions(pool, quick ? 64 : 1600);
  return [
    {
      name: "pages are let go of: 8 streams far behind",
      without: "pages are kept by the promises that brought them",
      work: farBehind,
    },
    { name: "no wait for a held-back cursor: run", without: "run waits for a cursor that is held back", work: consume },
    { name: "run reads by the page: run", without: "run reads event by event", work: consume },
    { name: "texts of ids from parts: for await", without: "texts of ids are String's", work: iterate },
    {
      name: "shared deadlines: 32 transactions at once",
      without: "each statement starts and clears a timer",
      work: transact,
      // Many short rounds: what the machine does besides comes in bursts.
      rounds: 61,
    },
    { name: "the page after the next: for await", without: "the page after the next is not asked for", work: iterate },
    {
      name: "the next page first: for await",
      without: "the next page is asked for once events are made",
      work: iterate,
    },
  ];
}

type Table = InstanceType<Library["EventsTable"]>;

async function readAll(table: Table, pool: Pool, count: number): Promise<void> {
  let found = 0;
  for await (const { id } of table.stream(pool, "", { toHead: true })) found += id === "" ? 0 : 1;
  if (found !== count) throw new Error(`expected ${count} events, found ${found}`);
}

/** Streams at places apart read all events together. */
async function readApart(table: Table, pool: Pool, count: number): Promise<void> {
  const each = Math.floor(count / STREAMS);
  const read = async (place: number): Promise<void> => {
    const last = String((place + 1) * each);
    for await (const { id } of table.stream(pool, String(place * each))) if (id === last) return;
  };
  await Promise.all(Array.from({ length: STREAMS }, (_, place) => read(place)));
}

/** An empty consumer, a new one each time. */
async function consumption(pool: Pool, { name, count }: { name: string; count: number }): Promise<Work> {
  const cursorsName = "bench_optimisations_cursors";
  await library.createTables(pool, [new library.CursorsTable(cursorsName)]);
  let consumers = 0;
  return (copy) =>
    rateOf(count, async () => {
      const stream = new copy.EventsTable(name).toStream(pool);
      const cursors = new copy.CursorsTable(cursorsName).toStore(pool);
      const consumer = copy.createConsumer(`consumer-${++consumers}`, () => undefined);
      await copy.run({ stream, cursors, consumer, options: { toHead: true } });
    });
}

/** Transactions with an event each, many at once: one after the other, they would mostly wait for the server. */
async function transactions(pool: Pool, count: number): Promise<Work> {
  const { name } = await makeTable(pool);
  return (copy) => {
    const table = new copy.EventsTable(name);
    return rateOf(count, async () => {
      let number = 0;
      const loop = async (): Promise<void> => {
        while (number++ < count) await copy.transaction(pool, (tx) => table.insert(tx, "order", 1));
      };
      await Promise.all(Array.from({ length: TRANSACTIONS_AT_ONCE }, loop));
    });
  };
}
