import type { Pool, RowDataPacket } from "mysql2/promise";
import { CursorsTable, createTables, EventsTable } from "reflex-rsql";
import type { ServerVendor } from "../../../src/testing/servers/find-server.ts";
import { type ServerWithPools, startServerWithPools } from "../../support/servers/server-with-pools.ts";
import type { History, RemovedEvents, StoredEvent } from "../counting/history.ts";
import { type Held, worstHeld } from "../counting/result.ts";
import { type ConsumerOptions, ConsumerProcess } from "./consumer-process.ts";
import type { Place } from "./place.ts";
import { WaitingStage } from "./waiting-stage.ts";
import { type WriterOptions, WriterProcess } from "./writer-process.ts";

export interface StageOptions {
  readonly vendor: ServerVendor;
  readonly seed: number;
  readonly random: () => number;
  /** Whether there is time for longer faults. */
  readonly long: boolean;
  /** How many times as many faults as the least are done. */
  readonly times: number;
  /** The URL of the built library. */
  readonly library: string;
  readonly folder: string;
}

type WriterWishes = Pick<WriterOptions, "database"> & Partial<WriterOptions>;

/** The servers and processes of one run of a scenario, what they did, and the faults that were done to them. */
export class Stage extends WaitingStage {
  readonly vendor: ServerVendor;
  /** From 0 to 1, by the seed. */
  readonly random: () => number;
  readonly long: boolean;
  readonly times: number;
  readonly faults: Record<string, number> = {};
  readonly consumers: ConsumerProcess[] = [];
  /** A pool on the database that holds the events. A fault may make it another one. @defaultValue of the first server started */
  pool: Pool | undefined;
  /** Whether consumers held that had to. */
  held: Held | undefined;
  readonly #writers: WriterProcess[] = [];
  readonly #options: StageOptions;
  readonly #place: Place;
  readonly #resources: AsyncDisposable[] = [];

  constructor(options: StageOptions) {
    super();
    this.#options = options;
    const { vendor, random, long, times, library, folder } = options;
    this.vendor = vendor;
    this.random = random;
    this.long = long;
    this.times = times;
    this.#place = { library, folder, table: "events", cursors: "cursors" };
  }

  get events(): EventsTable {
    return new EventsTable(this.#place.table);
  }

  get cursors(): CursorsTable {
    return new CursorsTable(this.#place.cursors);
  }

  /** How many events were acknowledged to all writers. */
  get acknowledged(): number {
    return this.#writers.reduce((sum, writer) => sum + writer.acknowledged.length, 0);
  }

  /** Has it ended with the stage; what was begun last ends first. */
  use<R extends AsyncDisposable>(resource: R): R {
    this.#resources.push(resource);
    return resource;
  }

  /** A server whose commits survive its death, with an empty events table and an empty cursors table. */
  async startServer(
    options: { readonly port?: boolean; readonly flags?: readonly string[] } = {},
  ): Promise<ServerWithPools> {
    const server = this.use(await startServerWithPools({ vendor: this.vendor, durable: true, ...options }));
    await this.createTables(server.pool);
    this.pool ??= server.pool;
    return server;
  }

  async createTables(pool: Pool): Promise<void> {
    await createTables(pool, [this.events, this.cursors]);
  }

  startWriter(wishes: WriterWishes): WriterProcess {
    const number = this.#writers.length + 1;
    const usual = { tag: `w${number}`, seed: this.#options.seed + number, lanes: 8, perSecond: 150 };
    const writer = new WriterProcess(this.#place, { ...usual, ...wishes });
    this.#writers.push(writer);
    return writer;
  }

  startConsumer(options: ConsumerOptions): ConsumerProcess {
    const consumer = new ConsumerProcess(this.#place, options);
    this.consumers.push(consumer);
    consumer.start();
    return consumer;
  }

  /** Counts a fault that was done. */
  fault(kind: string): void {
    this.faults[kind] = (this.faults[kind] ?? 0) + 1;
  }

  /** A whole number from `least` to `most`, by the seed. */
  between(least: number, most: number): number {
    return least + Math.floor(this.random() * (most - least + 1));
  }

  /** The items in an order by the seed. */
  shuffled<Item>(items: readonly Item[]): Item[] {
    const keyed = items.map((item) => ({ item, key: this.random() }));
    return keyed.toSorted((a, b) => a.key - b.key).map(({ item }) => item);
  }

  /** Takes in whether one of the consumers held; the worst of all counts. */
  noteHeld(held: Held): void {
    this.held = worstHeld(this.held, held);
  }

  /** Resolves once so many more events are acknowledged. */
  untilAcknowledged(more: number, limitMs?: number): Promise<void> {
    const wanted = this.acknowledged + more;
    return this.until(`${more} more events acknowledged`, () => this.acknowledged >= wanted, limitMs);
  }

  /** Whether all consumers have been given every event that the table holds now. */
  async isAllDelivered(): Promise<boolean> {
    const rows = this.pool === undefined ? [] : await this.rows(this.pool);
    this.read();
    return this.consumers.every(({ seen }) => rows.every(({ foreignId }) => seen.has(foreignId)));
  }

  /** The events that the table holds now, noops left out. */
  async rows(pool: Pool): Promise<StoredEvent[]> {
    const [rows] = await pool.query<RowDataPacket[]>(
      "select cast(id as char) as id, foreign_id as foreignId from events as e where type <> 0 order by e.id",
    );
    return rows as unknown as StoredEvent[];
  }

  /** The highest id of the table, noops included; "0" if it is empty. */
  async lastId(pool: Pool): Promise<string> {
    const [[row]] = await pool.query<RowDataPacket[]>("select cast(coalesce(max(id), 0) as char) as id from events");
    return String(row?.["id"]);
  }

  /** The cursor of a consumer as it is stored; "" if it has none. */
  async cursor(cursors: Pool, consumer: string): Promise<string> {
    const [[row]] = await cursors.query<RowDataPacket[]>(
      "select cast(last_event_id as char) as id from cursors where id = ?",
      [consumer],
    );
    return String(row?.["id"] ?? "");
  }

  /** Takes in what all processes have written since the last call. */
  override read(): void {
    for (const process of [...this.consumers, ...this.#writers]) process.read();
  }

  async stopWriters(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.stop()));
  }

  /** What happened, with these rows in the table at the end. */
  history(rows: readonly StoredEvent[], removed: RemovedEvents): History {
    return {
      rows,
      removed,
      acknowledged: this.#writers.flatMap(({ acknowledged }) => acknowledged),
      unknown: new Set(this.#writers.flatMap(({ unknown }) => [...unknown])),
      consumers: this.consumers.map(({ history }) => history),
    };
  }

  /** Ends all processes and servers. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#writers, ...this.consumers].map((process) => process.kill()));
    for (const resource of this.#resources.toReversed()) await resource[Symbol.asyncDispose]();
  }
}
