import type { Pool } from "mysql2/promise";
import type { EventsTable, ReflexEvent } from "reflex-rsql";
import { counted, iterate } from "./backfill.ts";
import type { BenchCase } from "./bench-case.ts";
import { fillTable, makeTable, openPool } from "./bench-tables.ts";
import { awkwardColumns, awkwardForeignId, awkwardMetadata } from "./foreign-ids-contents.ts";
import { handWrittenLoop } from "./hand-written-loop.ts";
import { interleaved, median, ratioOf } from "./interleaved.ts";

/** Contents that would break a reader that packs columns together with separators. */
export const foreignIds: BenchCase = {
  name: "foreign-ids",
  title: "Backfill of awkward contents",
  about:
    "Foreign ids of 20 characters with every separator in them, control characters and others beyond ASCII, and 100 bytes of binary metadata, against the hand-written loop that reads both. Each event is compared with what was written, once through the server's own statements and once through `insertMany`.",
  run: async ({ url, quick }) => {
    const count = quick ? 5000 : 300_000;
    const pool = openPool(url);
    try {
      await verifyInserted(pool, 1000);
      const table = await makeTable(pool, { metadataField: "metadata" });
      await fillTable(pool, table, { count, columns: awkwardColumns });
      await verify(table, pool, count);
      const rates = await interleaved(
        {
          hand: () => counted(count, () => handWrittenLoop(pool, { name: table.name, columns: ["metadata"] })),
          "for await": () => counted(count, () => iterate(table, pool)),
        },
        quick ? 1 : 7,
      );
      await pool.query(`drop table \`${table.name}\``);
      const eventsPerSecond = Math.round(median(rates["for await"]));
      const figures = { ...ratioOf(rates["for await"], rates.hand), eventsPerSecond, eventsVerified: count };
      return [{ name: "for await", figures, reach: [{ figure: "ratio", atLeast: 1.2 }] }];
    } finally {
      await pool.end();
    }
  },
};

async function verifyInserted(pool: Pool, count: number): Promise<void> {
  const table = await makeTable(pool, { metadataField: "metadata" });
  const events = Array.from({ length: count }, (_, index) => ({
    foreignId: awkwardForeignId(index + 1),
    type: 1,
    metadata: awkwardMetadata(index + 1),
  }));
  await table.insertMany(pool, events);
  await verify(table, pool, count);
}

/** @throws if the table's events are not the awkward ones from 1 to `count`, byte by byte */
async function verify(table: EventsTable, pool: Pool, count: number): Promise<void> {
  let events = 0;
  for await (const event of table.stream(pool, "", { toHead: true })) verifyEvent(event, ++events);
  if (events !== count) throw new Error(`expected ${count} events, found ${events}`);
}

function verifyEvent({ id, foreignId, metadata }: ReflexEvent, expected: number): void {
  if (id !== String(expected)) throw new Error(`expected event ${expected}, found ${id}`);
  if (foreignId !== awkwardForeignId(expected))
    throw new Error(`the foreign id of event ${id} is ${JSON.stringify(foreignId)}`);
  if (metadata === undefined || !awkwardMetadata(expected).equals(metadata))
    throw new Error(`the metadata of event ${id} are ${Buffer.from(metadata ?? []).toString("hex")}`);
}
