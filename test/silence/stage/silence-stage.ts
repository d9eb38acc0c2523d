import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Pool } from "mysql2/promise";
import { CursorsTable, createTables } from "reflex-rsql";
import type { ServerVendor } from "../../../src/testing/servers/find-server.ts";
import { JournalReader } from "../../faults/stage/journal-reader.ts";
import { type Connection, now } from "../../faults/stage/place.ts";
import { Program } from "../../faults/stage/program.ts";
import { WaitingStage } from "../../faults/stage/waiting-stage.ts";
import { type ServerWithPools, startServerWithPools } from "../../support/servers/server-with-pools.ts";
import { judgeWait, type Truth, type Wait, type WaitVerdict } from "../judging/judge-wait.ts";
import { type ReaderLine, type ReaderPlan, SilentReader } from "./silent-reader.ts";

export interface SilenceStageOptions {
  readonly vendor: ServerVendor;
  readonly tries: number;
  /** From 0 to 1, by the seed. */
  readonly random: () => number;
  /** To see that each way is told and by which name, not how fast: one length of each obstacle, and not the longest. */
  readonly short: boolean;
  /** The URL of the built library. */
  readonly library: string;
  readonly folder: string;
}

/** How readers are to be. */
export interface ReaderWishes extends Pick<Connection, "database" | "launcher"> {
  readonly count?: number;
  /** @defaultValue streams and runs by turns */
  readonly kind?: ReaderPlan["kind"];
  /** @defaultValue 10 */
  readonly connections?: number;
  /** @defaultValue 0 */
  readonly handlerTakes?: number;
  /** @defaultValue true: they are at the head, with one event behind them */
  readonly started?: boolean;
}

/** The server, the readers and the waits of one way of being silent. */
export class SilenceStage extends WaitingStage {
  readonly vendor: ServerVendor;
  readonly tries: number;
  readonly random: () => number;
  readonly short: boolean;
  readonly readers: SilentReader[] = [];
  readonly verdicts: WaitVerdict[] = [];
  readonly #truth: Truth;
  readonly #options: SilenceStageOptions;
  readonly #resources: AsyncDisposable[] = [];
  readonly #journals: JournalReader<ReaderLine>[] = [];
  #pool: Pool | undefined;
  #program: Program | undefined;

  constructor(truth: Truth, options: SilenceStageOptions) {
    super();
    this.#truth = truth;
    this.#options = options;
    ({ vendor: this.vendor, tries: this.tries, random: this.random, short: this.short } = options);
  }

  /** The writers' and the obstacles'. */
  get pool(): Pool {
    if (this.#pool === undefined) throw new Error("no server was started");
    return this.#pool;
  }

  /** How long what stands in the way of a reader stays there. */
  get obstacleMs(): number {
    return this.#options.short ? 8000 : 12_000;
  }

  /** How long a network is away, a time for each round of the tries. */
  get lossesMs(): readonly number[] {
    return this.#options.short ? [8000] : [8000, 30_000];
  }

  /** Has it ended with the stage; what was begun last ends first. */
  use<R extends AsyncDisposable>(resource: R): R {
    this.#resources.push(resource);
    return resource;
  }

  async startServer(
    options: { readonly port?: boolean; readonly flags?: readonly string[] } = {},
  ): Promise<ServerWithPools> {
    const flags = ["--max-connections=1000", ...(options.flags ?? [])];
    const server = await startServerWithPools({ vendor: this.vendor, durable: true, ...options, flags });
    this.use(server);
    this.#pool = server.openPool({ connectionLimit: 200 });
    return server;
  }

  /** Readers in a process of their own, drivers and kinds by turns, each with tables and a pool of its own. */
  async openReaders({ launcher, started = true, ...wishes }: ReaderWishes): Promise<readonly SilentReader[]> {
    const plans = plansOf({ count: this.tries, ...wishes });
    const opened = plans.map((plan) => new SilentReader(plan));
    this.readers.push(...opened);
    await this.#createTables(opened);
    const { library, folder } = this.#options;
    const journal = join(folder, "readers.jsonl");
    this.#journals.push(new JournalReader(journal, (line) => this.#see(line)));
    this.#program = new Program({
      file: new URL("../programs/reader.mjs", import.meta.url),
      launcher,
      task: { library, journal, readers: plans },
    });
    if (!started) return opened;
    for (const reader of opened) this.command(reader, "start");
    await this.until("all readers at the head", () => opened.every((reader) => reader.has("first")));
    return opened;
  }

  command({ name }: SilentReader, command: "start" | "take" | "give", count = 0): void {
    this.#program?.send({ to: name, command, count });
  }

  /** Lets the obstacle last, takes it away and waits for the event that it kept back. */
  async wait(reader: SilentReader, wait: AskedWait): Promise<void> {
    const { beganAt, foreignId, lastsMs = this.obstacleMs, clear } = wait;
    await delay(Math.max(0, beganAt + lastsMs - now()));
    const asked = now();
    const clearedAt = (await clear?.()) ?? asked;
    await this.judge(reader, { beganAt, clearedAt, foreignId, blocker: wait.blocker });
  }

  /** Judges a wait whose obstacle is gone. */
  async judge(reader: SilentReader, { foreignId, mustBeTold = true, ...wait }: ClearedWait): Promise<void> {
    if (foreignId !== undefined) await this.reaches(`event ${foreignId}`, () => reader.has(foreignId));
    this.read();
    const deliveredAt = foreignId === undefined ? undefined : reader.deliveredAt(foreignId);
    const { tellings, name, plan } = reader;
    const whole: Wait = {
      ...wait,
      reader: name,
      driver: plan.driver,
      mustBeTold,
      deliveredAt,
      tellings,
      eventDue: foreignId !== undefined,
    };
    this.verdicts.push(judgeWait(whole, this.#truth));
  }

  /** Writes a last event for every reader that expects any, and waits until it has come. */
  async finish(): Promise<void> {
    const expecting = this.readers.filter(({ delivered }) => delivered.length > 0);
    for (const reader of expecting) await reader.insert(this.pool, "last");
    await this.reaches("all events delivered", () => expecting.every(({ isAllDelivered }) => isAllDelivered));
  }

  /** Takes in what the readers have written since the last call. @throws Error if their process has ended by itself */
  override read(): void {
    for (const journal of this.#journals) journal.read();
    if (this.#program?.endedByItself === true) {
      throw new Error(`the process of the readers ended by itself: ${this.#program.errorText}`);
    }
  }

  async close(): Promise<void> {
    await this.#program?.kill();
    for (const journal of this.#journals) journal.close();
    for (const resource of this.#resources.toReversed()) await resource[Symbol.asyncDispose]();
  }

  async #createTables(readers: readonly SilentReader[]): Promise<void> {
    for (const reader of readers) {
      const { table, plan } = reader;
      await createTables(this.pool, [table, new CursorsTable(plan.cursors)]);
      await reader.insert(this.pool, "first");
    }
  }

  #see(line: ReaderLine): void {
    this.readers.find(({ name }) => name === line.reader)?.see(line);
  }
}

/** A wait that goes on. */
export interface AskedWait {
  readonly beganAt: number;
  /** The event that is kept back. */
  readonly foreignId: string;
  /** @defaultValue {@link SilenceStage.obstacleMs} */
  readonly lastsMs?: number;
  /** Takes the obstacle away; may resolve with the time at which it was gone. */
  readonly clear?: () => Promise<number | void>;
  readonly blocker?: string | undefined;
}

/** A wait whose obstacle is gone. */
export interface ClearedWait extends Pick<Wait, "beganAt" | "clearedAt" | "blocker"> {
  /** Undefined if none is to come. */
  readonly foreignId: string | undefined;
  readonly mustBeTold?: boolean;
}

function plansOf(wishes: Omit<ReaderWishes, "launcher" | "started"> & { readonly count: number }): ReaderPlan[] {
  const { count, kind, database, connections = 10, handlerTakes = 0 } = wishes;
  return Array.from({ length: count }, (_, index) => ({
    name: `reader${index}`,
    table: `events${index}`,
    cursors: `cursors${index}`,
    driver: index % 2 === 0 ? ("mysql2" as const) : ("mariadb" as const),
    kind: kind ?? (index % 4 < 2 ? ("stream" as const) : ("run" as const)),
    database,
    connections,
    handlerTakes,
  }));
}
