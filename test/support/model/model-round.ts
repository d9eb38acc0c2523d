import { createConnection, type Pool } from "mysql2/promise";
import { createTables, type EventStream, EventsTable } from "reflex-rsql";
import { ChildProgram } from "./child-program.ts";
import {
  compareWithTable,
  compareWithWriters,
  countLateCommits,
  type SeenEvent,
  type WrittenTransaction,
} from "./history.ts";

export interface RoundOptions {
  readonly pool: Pool;
  /** Of another database of the same server, which knows nothing of what happens in the first. */
  readonly blind: Pool;
  readonly url: string;
  readonly seed: number;
  /** How many each connection of each writer does. */
  readonly transactions: number;
}

export interface RoundResult {
  readonly seed: number;
  readonly transactions: number;
  readonly events: number;
  /** Runs of ids whose transactions never committed. */
  readonly gaps: number;
  /** Places where a stream stood before a missing id. */
  readonly stops: number;
  readonly lateCommits: number;
  readonly noops: number;
  readonly writerErrors: readonly string[];
  readonly durationMs: number;
  /** By what was compared; empty if all agree. */
  readonly problems: Readonly<Record<string, readonly string[]>>;
}

const WRITERS = 4;
const CONNECTIONS = 4;
/** The foreign id of the event that ends a round. */
const LAST = "last";
const CATCH_UP_MS = 30_000;
/** Row 1 is committed when so many transactions are. */
const FIRST_AFTER = 30;

let rounds = 0;

/** Processes that write and read, for one round of random transactions after another. */
export class ModelPrograms {
  readonly writers: readonly ChildProgram<{ kind: "transaction" } & WrittenTransaction>[];
  readonly reader: ChildProgram<{ kind: "events"; events: SeenEvent[] }>;

  constructor(libraryUrl: string) {
    this.writers = Array.from({ length: WRITERS }, () => new ChildProgram("writer.mjs", libraryUrl));
    this.reader = new ChildProgram("reader.mjs", libraryUrl);
  }

  close(): void {
    for (const program of [...this.writers, this.reader]) program.close();
  }
}

/** Has random transactions written to a new table while streams follow it, and compares what each side saw. */
export async function playRound(programs: ModelPrograms, options: RoundOptions): Promise<RoundResult> {
  const { pool, blind, url, seed, transactions } = options;
  const startedAt = performance.now();
  const table = new EventsTable(`model_${process.pid}_${++rounds}`);
  for (const server of [pool, blind]) await createTables(server, [table]);
  const written: WrittenTransaction[] = [];
  const stops = new Set<string>();
  table.listenGaps(({ prev }) => stops.add(prev));
  const first = await openFirst(pool, table);
  const late = new AbortController();
  const followers = new Followers(pool, late.signal);
  followers.follow("default", table);
  // What a stream is told of open transactions, and how long it waits, must not be what its safety rests on.
  followers.follow("small pages, blind probe", table.clone({ limit: 7, gaps: { probe: [blind] } }));
  followers.follow("no cache, no grace", table.clone({ cache: false, gaps: { graceMs: 0 } }));
  followers.followElsewhere(programs.reader, { url, table: table.name, last: LAST });
  const half = (WRITERS * CONNECTIONS * transactions) / 2;
  const task = { url, table: table.name, seed, transactions, connections: CONNECTIONS };
  await Promise.all(
    programs.writers.map((program, writer) =>
      program.work({ ...task, writer }, (transaction) => {
        written.push(transaction);
        if (written.length === FIRST_AFTER) first.commit();
        if (written.length === half) followers.follow("late starter", table);
      }),
    ),
  );
  written.push(await first.ended);
  await table.insert(pool, LAST, 1);
  const timer = setTimeout(() => late.abort(new Error("did not catch up")), CATCH_UP_MS);
  await followers.allEnded();
  clearTimeout(timer);
  const { rows, noops, gaps } = await readTable(url, table.name);
  const problems: Record<string, readonly string[]> = { table: compareWithWriters(rows.slice(0, -1), written) };
  for (const { name, delivered, failure } of followers.all) {
    problems[name] = [...failure, ...compareWithTable(delivered, rows)];
  }
  return {
    seed,
    noops,
    problems,
    transactions: written.length,
    events: rows.length - 1,
    gaps,
    stops: stops.size,
    lateCommits: countLateCommits(rows, written),
    writerErrors: written.flatMap(({ error }) => error ?? []),
    durationMs: performance.now() - startedAt,
  };
}

/** Row 1, in a transaction that is open while others begin: a stream without a cursor must wait for it. */
async function openFirst(
  pool: Pool,
  table: EventsTable,
): Promise<{ commit(): void; ended: Promise<WrittenTransaction> }> {
  const connection = await pool.getConnection();
  await connection.beginTransaction();
  const { eventId } = await table.insert(connection, "first", 1);
  let commit: () => void = () => undefined;
  const mayCommit = new Promise<void>((resolve) => {
    commit = resolve;
  });
  const end = async (): Promise<WrittenTransaction> => {
    await mayCommit;
    const commitSentAt = Number(process.hrtime.bigint()) / 1e6;
    await connection.commit();
    connection.release();
    const kept = [{ foreignId: "first", id: eventId }];
    const acknowledgedAt = Number(process.hrtime.bigint()) / 1e6;
    return { name: "first", outcome: "committed", kept, dropped: [], commitSentAt, acknowledgedAt };
  };
  return { commit, ended: end() };
}

interface Follower {
  readonly name: string;
  readonly delivered: SeenEvent[];
  readonly failure: string[];
}

/** The streams of one round, each up to the round's last event. */
class Followers {
  readonly all: Follower[] = [];
  readonly #pool: Pool;
  readonly #signal: AbortSignal;
  readonly #ends: Promise<void>[] = [];

  constructor(pool: Pool, signal: AbortSignal) {
    this.#pool = pool;
    this.#signal = signal;
  }

  follow(name: string, table: EventsTable): void {
    const stream = table.stream(this.#pool, "", { signal: this.#signal });
    this.#add(name, (delivered) => readToLast(stream, delivered));
  }

  followElsewhere(program: ModelPrograms["reader"], task: object): void {
    this.#add("another process", (delivered) => {
      const abort = new Promise<never>((_, reject) => {
        this.#signal.addEventListener("abort", () => reject(this.#signal.reason as Error), { once: true });
      });
      return Promise.race([abort, program.work(task, ({ events }) => delivered.push(...events))]);
    });
  }

  async allEnded(): Promise<void> {
    await Promise.all(this.#ends);
  }

  #add(name: string, read: (delivered: SeenEvent[]) => Promise<void>): void {
    const follower: Follower = { name, delivered: [], failure: [] };
    this.all.push(follower);
    const end = read(follower.delivered).catch((error: unknown) => {
      follower.failure.push(`${String(error)} after ${follower.delivered.at(-1)?.id}`);
    });
    this.#ends.push(end);
  }
}

async function readToLast(stream: EventStream, delivered: SeenEvent[]): Promise<void> {
  for await (const event of stream) {
    delivered.push(event);
    if (event.foreignId === LAST) return;
  }
}

interface TableContent {
  /** Without noops. */
  readonly rows: readonly SeenEvent[];
  readonly noops: number;
  /** Runs of noops. */
  readonly gaps: number;
}

/** The table as a connection sees it that was never used before. */
async function readTable(url: string, table: string): Promise<TableContent> {
  const connection = await createConnection(url);
  try {
    const [all] = (await connection.query(
      `select cast(id as char) as id, foreign_id as foreignId, type from ${table} as t order by t.id`,
    )) as unknown as [SeenEvent[]];
    const rows = all.filter(({ type }) => type !== 0);
    const gaps = all.filter(({ type }, index) => type === 0 && all[index - 1]?.type !== 0).length;
    return { rows, gaps, noops: all.length - rows.length };
  } finally {
    await connection.end();
  }
}
