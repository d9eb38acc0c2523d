import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Pool, RowDataPacket } from "mysql2/promise";
import { CursorsTable, createTables, EventsTable } from "reflex-rsql";
import { type ServerVendor, vendorNames } from "../../src/testing/servers/find-server.ts";
import { JournalReader } from "../faults/stage/journal-reader.ts";
import { onSocket } from "../faults/stage/on-socket.ts";
import { Program } from "../faults/stage/program.ts";
import { randomNumbers } from "../support/random/random-numbers.mjs";
import { type ServerWithPools, startServerWithPools } from "../support/servers/server-with-pools.ts";
import { cellsOf, headings, problemsOf, type Sample, type TableTotals } from "./sample.ts";
import { SoakWriter } from "./soak-writer.ts";

export interface SoakOptions {
  readonly vendor: ServerVendor;
  readonly minutes: number;
  readonly seed: number;
  readonly library: string;
  readonly folder: string;
  readonly print: (line: string) => void;
}

type Line = Sample | { readonly kind: "warning"; readonly message: string };

const TABLES = ["events_a", "events_b"];
const CURSORS = "cursors";
const SAMPLES = 10;
const LAST_DELIVERIES_MS = 60_000;
const LOOK_EVERY_MS = 50;
const SAMPLE_WITHIN_MS = 30_000;
const MS_A_MINUTE = 60_000;
const LONGEST_DOWN_MS = 4000;

/** Streams, runs and writers on one server for long, which is killed now and then. Resolves with what went wrong. */
export async function soakServer(options: SoakOptions): Promise<string[]> {
  const server = await startServerWithPools({ vendor: options.vendor, durable: true });
  const soak = new Soak(server, options, await mkdtemp(join(options.folder, `${options.vendor}-`)));
  try {
    return await soak.run();
  } finally {
    await soak.close();
    await server[Symbol.asyncDispose]();
  }
}

class Soak {
  readonly #server: ServerWithPools;
  readonly #pool: Pool;
  readonly #options: SoakOptions;
  readonly #random: () => number;
  readonly #warnings: string[] = [];
  readonly #journal: JournalReader<Line>;
  readonly #journalPath: string;
  #program: Program | undefined;
  #last: Sample | undefined;
  #samples = 0;

  constructor(server: ServerWithPools, options: SoakOptions, folder: string) {
    this.#server = server;
    this.#options = options;
    this.#random = randomNumbers(options.seed);
    this.#journalPath = join(folder, "readers.jsonl");
    this.#journal = new JournalReader<Line>(this.#journalPath, (line) => {
      if (line.kind === "sample") this.#last = line;
      else this.#warnings.push(line.message);
    });
    this.#pool = server.openPool({ connectionLimit: 8 });
  }

  async run(): Promise<string[]> {
    await createTables(this.#pool, [...TABLES.map((table) => new EventsTable(table)), new CursorsTable(CURSORS)]);
    const { library, minutes } = this.#options;
    this.#program = new Program({
      file: new URL("programs/readers.mjs", import.meta.url),
      task: { library, journal: this.#journalPath, database: onSocket(this.#server), tables: TABLES, cursors: CURSORS },
    });
    const writer = new SoakWriter(this.#pool, TABLES, this.#random);
    const startedAt = performance.now();
    const tenthMs = (minutes * MS_A_MINUTE) / SAMPLES;
    this.#line(headings);
    for (let tenth = 1; tenth <= SAMPLES; tenth++) {
      await delay(startedAt + (tenth - 0.5) * tenthMs - performance.now());
      await this.#killServer();
      await delay(Math.max(0, startedAt + tenth * tenthMs - performance.now()));
      await this.#tell((performance.now() - startedAt) / MS_A_MINUTE);
    }
    await writer.stop();
    return [...(await this.#judge()), ...this.#warnings];
  }

  async close(): Promise<void> {
    await this.#program?.kill();
    this.#journal.close();
  }

  async #killServer(): Promise<void> {
    await this.#server.server.crash();
    await delay(LONGEST_DOWN_MS * this.#random());
    await this.#server.server.restart();
  }

  async #tell(minutes: number): Promise<void> {
    const sample = await this.#sample();
    const [rows] = await this.#pool.query<RowDataPacket[]>("show global status like 'Threads_connected'");
    this.#line(cellsOf(sample, { minutes, connections: String(rows[0]?.["Value"]) }));
  }

  #line(cells: readonly string[]): void {
    this.#options.print(`| ${[vendorNames[this.#options.vendor], ...cells].join(" | ")} |`);
  }

  async #sample(): Promise<Sample> {
    const number = ++this.#samples;
    this.#program?.send({ number });
    const deadline = performance.now() + SAMPLE_WITHIN_MS;
    for (;;) {
      this.#journal.read();
      if (this.#last?.number === number) return this.#last;
      if (this.#program?.running === false) throw new Error(`the readers ended: ${this.#program.errorText}`);
      if (performance.now() > deadline) throw new Error("the readers do not answer");
      await delay(LOOK_EVERY_MS);
    }
  }

  /** Waits until every reader has all events. */
  async #judge(): Promise<string[]> {
    const totals = await Promise.all(TABLES.map((table) => this.#totals(table)));
    const deadline = performance.now() + LAST_DELIVERIES_MS;
    for (;;) {
      const problems = problemsOf((await this.#sample()).tallies, totals);
      if (problems.length === 0 || performance.now() > deadline) return problems;
    }
  }

  async #totals(table: string): Promise<TableTotals> {
    const [rows] = await this.#pool.query<RowDataPacket[]>(
      `select count(*) as count, coalesce(sum(cast(foreign_id as unsigned)), 0) as sum from ${table} where type <> 0`,
    );
    return { table, count: Number(rows[0]?.["count"]), sum: Number(rows[0]?.["sum"]) };
  }
}
