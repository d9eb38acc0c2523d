import type { Pool } from "mysql2/promise";
import {
  CursorsTable,
  createConsumer,
  createTables,
  type EventsTable,
  isExpected,
  type ReflexEvent,
  run,
} from "reflex-rsql";
import { clockMs } from "./latency-writes.ts";

/** Consumers of some tables, and when each event came. */
export interface Consumers {
  /** The ms from each commit to its event. @throws if an event is missing, or came twice or in the wrong place */
  timesMs(commits: readonly number[]): Promise<number[]>;
  close(): Promise<void>;
}

const READY = "ready";
const LONGEST_WAIT_MS = 15_000;

/** Runs a consumer of each table. Resolves when all are at the head. */
export async function consumeTables(tables: readonly EventsTable[], pool: Pool): Promise<Consumers> {
  const cursors = new CursorsTable("latency_cursors");
  await createTables(pool, [cursors]);
  const arrivals = new Arrivals(tables.length);
  const stop = new AbortController();
  const ends = tables.map(async (table) => {
    const consumer = createConsumer(`${table.name}-consumer`, (event) => arrivals.add(table, event));
    const spec = { stream: table.toStream(pool), cursors: cursors.toStore(pool), consumer };
    await run(spec, { signal: stop.signal }).catch((error: unknown) => {
      if (!isExpected(error, stop.signal)) throw error;
    });
  });
  const failure = Promise.all(ends).then(() => undefined);
  // A failure ends whatever is waited for; where nothing is, the next wait hears of it.
  failure.catch(() => undefined);
  for (const table of tables) await table.insert(pool, READY, 1);
  await Promise.race([arrivals.until(tables.length), failure]);
  return {
    timesMs: async (commits) => {
      await Promise.race([arrivals.until(tables.length + commits.length), failure]);
      return arrivals.timesMs(commits);
    },
    close: async () => {
      stop.abort();
      await failure;
    },
  };
}

class Arrivals {
  readonly #tables: number;
  readonly #at = new Map<number, number>();
  readonly #last = new Map<EventsTable, number>();
  #count = 0;
  #onArrival: () => void = () => undefined;

  constructor(tables: number) {
    this.#tables = tables;
  }

  add(table: EventsTable, { foreignId }: ReflexEvent): void {
    const now = clockMs();
    this.#count++;
    if (foreignId !== READY) {
      const event = Number(foreignId);
      const last = this.#last.get(table);
      if (last !== undefined && event !== last + this.#tables)
        throw new Error(`event ${event} of ${table.name} came after ${last}`);
      this.#last.set(table, event);
      this.#at.set(event, now);
    }
    this.#onArrival();
  }

  /** Resolves once so many events have come. */
  until(count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        reject(new Error(`${count} events were to come, ${this.#count} came`));
      }, LONGEST_WAIT_MS);
      this.#onArrival = () => {
        if (this.#count < count) return;
        clearTimeout(limit);
        resolve();
      };
      this.#onArrival();
    });
  }

  timesMs(commits: readonly number[]): number[] {
    return commits.map((committedAt, event) => {
      const arrivedAt = this.#at.get(event);
      if (arrivedAt === undefined) throw new Error(`event ${event} did not come`);
      // A stream can have a row before its writer hears that the commit is over.
      return Math.max(0, arrivedAt - committedAt);
    });
  }
}
