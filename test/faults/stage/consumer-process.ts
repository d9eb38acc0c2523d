import { join } from "node:path";
import type { ConsumerHistory, DeliveredEvent } from "../counting/history.ts";
import { JournalReader } from "./journal-reader.ts";
import { type Connection, type Database, now, type Place } from "./place.ts";
import { Program } from "./program.ts";
import { ToldTimes } from "./told-times.ts";

export interface ConsumerOptions extends Connection {
  readonly name: string;
  /** Where its cursor is, if not in the database of the events. */
  readonly cursorDatabase?: Database | undefined;
  /** How long it takes over each event, in ms. */
  readonly handleMs?: number | undefined;
}

type Line =
  | { readonly kind: "start" | "stream"; readonly at: number }
  | { readonly kind: "event"; readonly at: number; readonly id: string; readonly foreignId: string }
  | { readonly kind: "stall"; readonly at: number; readonly state: "stalled" | "resumed" }
  | { readonly kind: "hold"; readonly at: number; readonly state: "held" | "released"; readonly reason: string }
  | { readonly kind: "error"; readonly at: number; readonly retryInMs?: number; readonly code?: string }
  | { readonly kind: "change"; readonly at: number; readonly of: string; readonly outcome: string }
  | { readonly kind: "ended"; readonly at: number; readonly message: string };

/** A consumer by one name, in one process after another, and all that reached it. */
export class ConsumerProcess {
  readonly name: string;
  readonly delivered: DeliveredEvent[] = [];
  /** The foreign ids of what was delivered. */
  readonly seen: Set<string> = new Set<string>();
  /** Whether it is held now since its position no longer fits. */
  held = false;
  /** The codes of the errors that it told, each once. */
  readonly codes: Set<string> = new Set<string>();
  readonly #place: Place;
  readonly #options: ConsumerOptions;
  readonly #told = new ToldTimes();
  #journal: JournalReader<Line> | undefined;
  #program: Program | undefined;
  #starts = 0;
  #streams = 0;
  #endMessage = "";

  constructor(place: Place, options: ConsumerOptions) {
    this.name = options.name;
    this.#place = place;
    this.#options = options;
  }

  /** Starts a process for it; there must be none. */
  start(): void {
    const { launcher, ...task } = this.#options;
    const journal = join(this.#place.folder, `${this.name}.${++this.#starts}.jsonl`);
    this.#told.begin("down", now());
    this.#journal = new JournalReader(journal, (line) => this.#see(line));
    this.#program = new Program({
      file: new URL("../programs/consumer.mjs", import.meta.url),
      launcher,
      task: { driver: "mysql2", handleMs: 0, ...this.#place, ...task, journal },
    });
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.#program?.kill();
    this.#end();
  }

  /** Ends it in order, with its cursor written. */
  async stop(): Promise<void> {
    await this.#program?.stop();
    this.#end();
  }

  /** Takes in what was written since the last call. @throws Error if the process ended though nobody had told it to */
  read(): void {
    this.#journal?.read();
    if (this.#program?.endedByItself !== true) return;
    const { errorText } = this.#program;
    this.#end();
    throw new Error(`consumer ${this.name} ended by itself: ${this.#endMessage} ${errorText}`.trim());
  }

  get history(): ConsumerHistory {
    return { name: this.name, delivered: this.delivered, told: this.#told.all };
  }

  #end(): void {
    this.#journal?.close();
    this.#journal = undefined;
    this.#program = undefined;
    this.held = false;
    this.#told.endAll(now());
    this.#told.begin("down", now());
  }

  #see(line: Line): void {
    const { at } = line;
    switch (line.kind) {
      case "start":
        return this.#told.end("down", at);
      case "stream":
        this.#streams++;
        return;
      case "event":
        this.seen.add(line.foreignId);
        this.delivered.push({ id: line.id, foreignId: line.foreignId, at, stream: this.#streams });
        return;
      case "stall":
        return line.state === "stalled" ? this.#told.begin("stall", at) : this.#told.end("stall", at);
      case "hold":
        return this.#seeHold(line.state === "held" && line.reason === "position_fault", at);
      case "error":
        if (line.code !== undefined) this.codes.add(line.code);
        return this.#told.add(at, at + (line.retryInMs ?? 0));
      case "ended":
        this.#endMessage = line.message;
        return;
      case "change":
        return;
    }
  }

  #seeHold(held: boolean, at: number): void {
    this.held = held;
    // A run that was held goes on with another stream, from wherever the person has set the cursor.
    if (held) return this.#told.begin("hold", at);
    this.#streams++;
    this.#told.end("hold", at);
  }
}
