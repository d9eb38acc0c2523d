import type { Pool } from "mysql2/promise";
import type { EventsTable } from "reflex-rsql";
import { iterate } from "./backfill.ts";
import type { BenchCase, BenchContext, BenchRow } from "./bench-case.ts";
import { fillTable, makeTable, openPool } from "./bench-tables.ts";
import { interleaved, median, ratioOf, rounded } from "./interleaved.ts";
import { slowStreams } from "./large-events-memory.ts";
import { statusOf } from "./server-statements.ts";

/** What large events cost among small ones, and how much memory they take where consumers are slow. */
export const largeEvents: BenchCase = {
  name: "large-events",
  title: "Large events",
  about:
    "10 000 small events, some of them with large metadata, from the first to the last. The baseline reads the same table without the large values, and then each of these alone, by its id, with mysql2's execute. `sent` is what the server sends, against the bytes of the table's values and of its other columns. The slow streams are in a process of their own, each at another place of one table, with consumers that take 100 ms an event; the memory is what that process grows by.",
  run: async (context) => {
    const pool = openPool(context.url);
    try {
      const rows: BenchRow[] = [];
      for (const [name, { metadata, large }] of Object.entries(mixtures)) {
        rows.push({ name, ...(await measure(context, pool, { metadata, large })) });
      }
      return [...rows, ...(await slowStreams(context, pool))];
    } finally {
      await pool.end();
    }
  },
};

const SMALL = 10_000;

interface Mixture {
  /** The metadata of row `n`, in SQL. */
  readonly metadata: string;
  /** Which rows are large, in SQL. */
  readonly large: string;
}

const mixtures: Readonly<Record<string, Mixture>> = {
  "one of 1 MB": { metadata: "repeat('x', 1000000)", large: "n = 5000" },
  "one of 10 MB": { metadata: "repeat('x', 10000000)", large: "n = 5000" },
  "1 in 1000 of 100 kB": { metadata: "repeat('x', 100000)", large: "n mod 1000 = 0" },
};

async function measure(
  { quick }: BenchContext,
  pool: Pool,
  { metadata, large }: Mixture,
): Promise<Omit<BenchRow, "name">> {
  const mixed = await filled(pool, `if(${large}, ${metadata}, repeat('y', 20))`);
  const small = await filled(pool, "repeat('y', 20)");
  const [found] = (await pool.query(`select id from \`${mixed.name}\` where length(metadata) > 20`)) as unknown as [
    { id: number }[],
  ];
  let [sentBytes, sentOfParts] = [0, 0];
  const rates = await interleaved(
    {
      mixed: () =>
        rateOfSent(
          pool,
          () => iterate(mixed, pool),
          (sent) => {
            sentBytes = sent;
          },
        ),
      parts: () =>
        rateOfSent(
          pool,
          async () => {
            await iterate(small, pool);
            for (const { id } of found) await pool.execute(`select * from \`${mixed.name}\` where id = ?`, [id]);
          },
          (sent) => {
            sentOfParts = sent;
          },
        ),
    },
    quick ? 1 : 15,
  );
  const { ratio, lowest, highest, rounds } = ratioOf(rates.parts, rates.mixed);
  return {
    figures: {
      timeRatio: ratio,
      lowest,
      highest,
      rounds,
      sentRatio: rounded(sentBytes / sentOfParts),
      eventsPerSecond: Math.round(SMALL * median(rates.mixed)),
    },
    reach: [
      { figure: "timeRatio", atMost: 1.5 },
      { figure: "sentRatio", atMost: 1.1 },
    ],
  };
}

/** How often a second the work could be done. Tells how many bytes the server sent for it. */
async function rateOfSent(pool: Pool, work: () => Promise<unknown>, tell: (sent: number) => void): Promise<number> {
  const before = await statusOf(pool, "Bytes_sent");
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1000;
  tell((await statusOf(pool, "Bytes_sent")) - before);
  return 1 / seconds;
}

async function filled(pool: Pool, metadata: string): Promise<EventsTable> {
  const table = await makeTable(pool, { metadataField: "metadata" });
  await pool.query(`alter table \`${table.name}\` modify metadata longblob`);
  await fillTable(pool, table, { count: SMALL, columns: { metadata } });
  return table;
}
