import type { Pool } from "mysql2/promise";
import type { EventsTable } from "reflex-rsql";
import type { BenchCase } from "./bench-case.ts";
import { fillTable, makeTable, openPool } from "./bench-tables.ts";
import { interleaved, median, rateOf, ratioOf } from "./interleaved.ts";

const CONSUMERS = 8;

/** What consumers of one table cost each other when all are far behind, each elsewhere. */
export const farBehind: BenchCase = {
  name: "far-behind",
  title: "8 consumers at different places far behind, in one process",
  about:
    "8 streams of one table, each at a place of its own, so that none can use what another has read, against one stream that reads as many events as the 8 together.",
  run: async ({ url, quick }) => {
    const pool = openPool(url);
    try {
      const count = quick ? 20_000 : 1_000_000;
      const each = count / 10;
      const table = await makeTable(pool);
      await fillTable(pool, table, { count });
      const places = Array.from({ length: CONSUMERS }, (_, place) => Math.floor((place * count) / CONSUMERS));
      const rates = await interleaved(
        {
          alone: () => rateOf(CONSUMERS * each, () => read(table, pool, { after: 0, events: CONSUMERS * each })),
          together: () =>
            rateOf(CONSUMERS * each, () =>
              Promise.all(places.map((after) => read(table, pool, { after, events: each }))),
            ),
        },
        quick ? 1 : 7,
      );
      await pool.query(`drop table \`${table.name}\``);
      const figures = {
        ...ratioOf(rates.together, rates.alone),
        eventsPerSecond: Math.round(median(rates.together)),
        eventsPerSecondAlone: Math.round(median(rates.alone)),
      };
      return [{ name: "sum of 8, against one alone", figures, reach: [{ figure: "ratio", atLeast: 0.9 }] }];
    } finally {
      await pool.end();
    }
  },
};

interface Stretch {
  readonly after: number;
  readonly events: number;
}

/** Reads a stretch of ids without a gap. @throws if an event is missing */
async function read(table: EventsTable, pool: Pool, { after, events }: Stretch): Promise<void> {
  let count = 0;
  for await (const { id } of table.stream(pool, String(after))) {
    count++;
    if (count < events) continue;
    if (id !== String(after + events)) throw new Error(`event ${count} after ${after} is ${id}`);
    return;
  }
}
