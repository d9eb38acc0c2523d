import type { EventStream, EventsTable } from "reflex-rsql";
import { insertRows, makeTable, openPool } from "./bench-tables.ts";

/** When the first and the last event came, by `performance.now()`. */
export interface Taken {
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Takes so many events from a stream. */
export type TakeEvents = (stream: EventStream, events: number) => Promise<Taken>;

/** Streams of one table that have passed its last event. */
export interface Head {
  readonly table: EventsTable;
  readonly headId: number;
  /** Takes so many events from every stream. @throws if a stream did not give the ones that follow the head */
  take(events: number, way: TakeEvents): Promise<Taken>;
  close(): Promise<void>;
}

const HEAD_ID = 10;
const LONGEST_MS = 60_000;

/** Opens streams at the head of a new table, on a pool of their own. */
export async function openHead(url: string, count: number): Promise<Head> {
  const pool = openPool(url);
  const table = await makeTable(pool);
  await insertRows(pool, table.name, { count: HEAD_ID });
  const streams = Array.from({ length: count }, () => {
    // An event that does not come is to fail the case, not to hang it.
    const signal = AbortSignal.timeout(LONGEST_MS);
    return table.stream(pool, "", { fromHead: true, signal });
  });
  await Promise.all(streams.map((stream) => stream.start()));
  return {
    table,
    headId: HEAD_ID,
    take: (events, way) => {
      const taken = takeAll(streams, events, way);
      // It is waited for once the events are written, which may fail first.
      taken.catch(() => undefined);
      return taken;
    },
    close: async () => {
      await Promise.all(streams.map((stream) => stream.close()));
      await pool.query(`drop table \`${table.name}\``);
      await pool.end();
    },
  };
}

async function takeAll(streams: readonly EventStream[], events: number, way: TakeEvents): Promise<Taken> {
  const taken = await Promise.all(streams.map((stream) => way(stream, events)));
  for (const { position } of streams) {
    if (position !== String(HEAD_ID + events))
      throw new Error(`after ${events} events a stream is at ${position}, not ${HEAD_ID + events}`);
  }
  return {
    firstAt: Math.min(...taken.map(({ firstAt }) => firstAt)),
    lastAt: Math.max(...taken.map(({ lastAt }) => lastAt)),
  };
}

/** One by one, as `for await` does. */
export async function takeEach(stream: EventStream, events: number): Promise<Taken> {
  let count = 0;
  let firstAt = 0;
  while (count < events) {
    const { done } = await stream.next();
    if (done === true) throw new Error(`a stream ended after ${count} of ${events} events`);
    if (++count === 1) firstAt = performance.now();
  }
  return { firstAt, lastAt: performance.now() };
}

/** By the page. */
export async function takeBatches(stream: EventStream, events: number): Promise<Taken> {
  const batches = stream.batches();
  let count = 0;
  let firstAt = 0;
  while (count < events) {
    const { done, value } = await batches.next();
    if (done === true) throw new Error(`a stream ended after ${count} of ${events} events`);
    if (count === 0) firstAt = performance.now();
    count += value.length;
  }
  return { firstAt, lastAt: performance.now() };
}
