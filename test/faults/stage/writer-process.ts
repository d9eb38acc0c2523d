import { join } from "node:path";
import type { AcknowledgedEvent } from "../counting/history.ts";
import { JournalReader } from "./journal-reader.ts";
import type { Connection, Place } from "./place.ts";
import { Program } from "./program.ts";

export interface WriterOptions extends Connection {
  /** What all its foreign ids begin with. */
  readonly tag: string;
  readonly seed: number;
  /** How many transactions are under way at a time. */
  readonly lanes: number;
  /** About how many transactions it begins in a second. */
  readonly perSecond: number;
}

type Line =
  | { readonly kind: "acknowledged"; readonly at: number; readonly events: readonly [string | null, string][] }
  | { readonly kind: "unknown" | "failed"; readonly foreignIds: readonly string[]; readonly message: string }
  | { readonly kind: "start" };

/** A process that writes events, and what it was told of their outcome. */
export class WriterProcess {
  readonly acknowledged: AcknowledgedEvent[] = [];
  /** The foreign ids of events whose COMMIT was sent and not answered. */
  readonly unknown: Set<string> = new Set<string>();
  readonly program: Program;
  readonly #journal: JournalReader<Line>;

  constructor(place: Place, { launcher, ...task }: WriterOptions) {
    const journal = join(place.folder, `${task.tag}.jsonl`);
    this.#journal = new JournalReader(journal, (line) => this.#see(line));
    this.program = new Program({
      file: new URL("../programs/writer.mjs", import.meta.url),
      launcher,
      task: { driver: "mysql2", ...place, ...task, journal },
    });
  }

  /** Takes in what was written since the last call. */
  read(): void {
    this.#journal.read();
  }

  /** Ends it in order: what it has begun is finished, unless that takes long. */
  async stop(): Promise<void> {
    await this.program.stop();
    this.read();
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.program.kill();
    this.read();
  }

  close(): void {
    this.#journal.close();
  }

  #see(line: Line): void {
    if (line.kind === "acknowledged") {
      for (const [id, foreignId] of line.events)
        this.acknowledged.push({ id: id ?? undefined, foreignId, at: line.at });
    }
    if (line.kind === "unknown") for (const foreignId of line.foreignIds) this.unknown.add(foreignId);
  }
}
