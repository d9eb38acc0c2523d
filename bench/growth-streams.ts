import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Pool } from "mysql2/promise";
import type { EventsTable } from "reflex-rsql";
import type { Figures } from "./bench-case.ts";
import { rounded } from "./interleaved.ts";

const MIB = 1024 * 1024;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** What a stream that has given so many events still holds, and is open. */
export async function heapAfterStreaming(table: EventsTable, pool: Pool, count: number): Promise<Figures> {
  const before = usedMiB();
  const stream = table.stream(pool, "", { toHead: true });
  for (let event = 0; event < count; event++) await stream.next();
  if (stream.position !== String(count)) throw new Error(`after ${count} events the stream is at ${stream.position}`);
  const after = usedMiB();
  await stream.close();
  return {
    heapGrowthMiB: rounded(after.heap - before.heap),
    externalGrowthMiB: rounded(after.external - before.external),
    heapBeforeMiB: rounded(before.heap),
  };
}

function usedMiB(): { heap: number; external: number } {
  // The second one takes what the finalizers of the first have let go.
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return { heap: heapUsed / MIB, external: external / MIB };
}

/** One pass over a whole table. */
export interface Tenths {
  /** Events per second of each tenth. */
  readonly rates: readonly number[];
  readonly heapPeakMiB: number;
  readonly residentGrowthMiB: number;
}

const SAMPLE_EVENTS = 10_000;

/** Reads all `count` events of a table. @throws if one is missing */
export async function readAll(table: EventsTable, pool: Pool, count: number): Promise<Tenths> {
  collectGarbage();
  const residentBefore = process.memoryUsage.rss();
  let residentPeak = residentBefore;
  let heapPeak = 0;
  const rates: number[] = [];
  let events = 0;
  let startedAt = performance.now();
  for await (const { id } of table.stream(pool, "", { toHead: true })) {
    events++;
    if (events % SAMPLE_EVENTS === 0) {
      const { heapUsed, rss } = process.memoryUsage();
      heapPeak = Math.max(heapPeak, heapUsed);
      residentPeak = Math.max(residentPeak, rss);
    }
    if (events % (count / 10) > 0) continue;
    if (id !== String(events)) throw new Error(`event ${events} of ${table.name} is ${id}`);
    const now = performance.now();
    rates.push((count * 100) / (now - startedAt));
    startedAt = now;
  }
  if (events !== count) throw new Error(`expected ${count} events, found ${events}`);
  return { rates, heapPeakMiB: heapPeak / MIB, residentGrowthMiB: (residentPeak - residentBefore) / MIB };
}
