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

/** Waits for all events and gives the ms from each commit to its event. @throws if one is missing, or came in the wrong place */
export type LatenciesMs = (commits: readonly number[]) => Promise<number[]>;

/** Works while a consumer of each table runs; at the beginning all are at the head. */
export async function whileConsuming<R>(
  tables: readonly EventsTable[],
  pool: Pool,
  work: (latenciesMs: LatenciesMs) => Promise<R>,
): Promise<R> {
  const cursors = new CursorsTable("latency_cursors");
  await createTables(pool, [cursors]);
  const arrivals = new Arrivals(tables.length);
  const stop = new AbortController();
  const runs = tables.map(async (table) => {
    const consumer = createConsumer(`${table.name}-consumer`, (event) => arrivals.add(table, event));
    const spec = { stream: table.toStream(pool), cursors: cursors.toStore(pool), consumer };
    await run(spec, { signal: stop.signal }).catch((error: unknown) => {
      if (!isExpected(error, stop.signal)) arrivals.fail(error);
    });
  });
  try {
    for (const table of tables) await table.insert(pool, READY, 1);
    await arrivals.until(tables.length);
    return await work(async (commits) => {
      await arrivals.until(tables.length + commits.length);
      return arrivals.latenciesMs(commits);
    });
  } finally {
    stop.abort();
    await Promise.all(runs);
  }
}

const READY = "ready";
const LONGEST_WAIT_MS = 15_000;

class Arrivals {
  readonly #tables: number;
  readonly #at = new Map<number, number>();
  readonly #last = new Map<EventsTable, number>();
  #count = 0;
  #onChange: () => void = () => undefined;
  #failure: { readonly error: unknown } | undefined;

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
    this.#onChange();
  }

  /** Ends what waits, and whatever will. */
  fail(error: unknown): void {
    this.#failure = { error };
    this.#onChange();
  }

  /** Resolves once so many events have come. */
  until(count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        reject(new Error(`${count} events were to come, ${this.#count} came`));
      }, LONGEST_WAIT_MS);
      this.#onChange = () => {
        if (this.#failure === undefined && this.#count < count) return;
        clearTimeout(limit);
        if (this.#failure === undefined) resolve();
        else reject(new Error("a consumer failed", { cause: this.#failure.error }));
      };
      this.#onChange();
    });
  }

  latenciesMs(commits: readonly number[]): number[] {
    return commits.map((committedAt, event) => {
      const arrivedAt = this.#at.get(event);
      if (arrivedAt === undefined) throw new Error(`event ${event} did not come`);
      // A stream can have a row before its writer hears that the commit is over.
      return Math.max(0, arrivedAt - committedAt);
    });
  }
}
