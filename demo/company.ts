import { join } from "node:path";
import type { DatabaseTarget, DemoError } from "./connect.ts";
import type { Report } from "./messages.ts";
import { DemoProcess, type ProcessEvents } from "./processes.ts";
import type { ConsumerName, DemoTables } from "./tables.ts";
import type { Tally } from "./tally.ts";

export interface CompanyPlan {
  readonly target: DatabaseTarget;
  readonly tables: DemoTables;
  /** The demo's temporary folder. */
  readonly folder: string;
  readonly writers: readonly string[];
  readonly ordersPerSecond: number;
  /** Whether the mailer shall lose an event. */
  readonly skipEvent: boolean;
}

export interface CompanyListener {
  readonly tally: Tally;
  readonly onNote: (text: string) => void;
  readonly onFailure: (error: DemoError) => void;
}

/** The processes of the demo. What they report goes into the tally. */
export class Company {
  readonly #plan: CompanyPlan;
  readonly #listener: CompanyListener;
  readonly #writers = new Map<string, DemoProcess>();
  readonly #consumers = new Map<ConsumerName, DemoProcess>();

  constructor(plan: CompanyPlan, listener: CompanyListener) {
    this.#plan = plan;
    this.#listener = listener;
  }

  get journals(): readonly string[] {
    return this.#plan.writers.map((writer) => this.#journalOf(writer));
  }

  /** Resolves when all writers are ready to begin. */
  async startWriters(): Promise<void> {
    const { writers, ordersPerSecond } = this.#plan;
    await Promise.all(
      writers.map(async (writer) => {
        const journalFile = this.#journalOf(writer);
        const start = {
          ...this.#common,
          type: "write" as const,
          writer,
          ordersPerSecond: ordersPerSecond / writers.length,
          journalFile,
        };
        await this.#ready(
          (events) => {
            this.#writers.set(writer, DemoProcess.startWriter(start, events));
          },
          (report) => {
            if (report.type === "written") this.#listener.tally.written(writer, report);
          },
        );
      }),
    );
  }

  letWritersBegin(): void {
    for (const process of this.#writers.values()) process.go();
  }

  /** Resolves when the last transaction has ended. */
  async stopWriters(): Promise<void> {
    await Promise.all([...this.#writers.values()].map((process) => process.stop()));
  }

  /** Resolves with the cursor that the consumer goes on from; "" if it begins at the first event. */
  async startConsumer(name: ConsumerName): Promise<string> {
    const { tally } = this.#listener;
    const start = { ...this.#common, type: "consume" as const, consumer: name, skipEvent: this.#plan.skipEvent };
    return this.#ready(
      (events) => {
        this.#consumers.set(name, DemoProcess.startConsumer(start, events));
      },
      (report) => {
        if (report.type === "ready") tally.started(name, report.cursor);
        if (report.type === "consumed") tally.consumed(name, report);
      },
    );
  }

  async killConsumer(name: ConsumerName): Promise<void> {
    await this.#consumers.get(name)?.kill();
    this.#listener.tally.ended(name, "killed");
  }

  /** Resolves when they have written their cursors and ended. */
  async stopConsumers(): Promise<void> {
    await Promise.all(
      [...this.#consumers].map(async ([name, process]) => {
        await process.stop();
        this.#listener.tally.ended(name, "stopped");
      }),
    );
  }

  /** Ends all processes at once; none is left when it resolves. */
  async end(): Promise<void> {
    const processes = [...this.#writers.values(), ...this.#consumers.values()];
    await Promise.all(processes.map((process) => process.kill()));
  }

  get #common(): { target: DatabaseTarget; prefix: string; folder: string } {
    const { target, tables, folder } = this.#plan;
    return { target, prefix: tables.prefix, folder };
  }

  #journalOf(writer: string): string {
    return join(this.#plan.folder, `journal-of-${writer}`);
  }

  /** Starts a process and resolves when it says that it is ready. */
  #ready(start: (events: ProcessEvents) => void, onReport: (report: Report) => void): Promise<string> {
    const { onFailure, onNote } = this.#listener;
    return new Promise((resolve) => {
      start({
        onFailure,
        onReport: (report) => {
          onReport(report);
          if (report.type === "ready") resolve(report.cursor);
          if (report.type === "note") onNote(report.text);
        },
      });
    });
  }
}
