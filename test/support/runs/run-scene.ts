import Database from "libsql";
import {
  type Consumer,
  type CursorStore,
  CursorsTable,
  createTables,
  type ErrorReport,
  EventsTable,
  type RunOptions,
  run,
  type Spec,
} from "reflex-rsql";
import { Gate } from "../waiting/gate.ts";
import { writtenCursor } from "./written-cursor.ts";

/** What a run needs: a database of its own with three events, a store that holds cursors back, and an abort. */
export class RunScene {
  readonly events: EventsTable = new EventsTable("events");
  readonly handle: Database.Database = new Database(":memory:");
  readonly store: CursorStore;
  readonly controller: AbortController = new AbortController();
  /** The errors that its runs have reported. */
  readonly reports: ErrorReport[] = [];
  readonly #cursors = new CursorsTable("cursors", { asyncPeriodMs: 600_000 });

  private constructor() {
    this.store = this.#cursors.toStore(this.handle);
  }

  static async open(): Promise<RunScene> {
    const scene = new RunScene();
    await createTables(scene.handle, [scene.events, scene.#cursors]);
    await scene.events.insertMany(
      scene.handle,
      [1, 2, 3].map((type) => ({ foreignId: "a", type })),
    );
    return scene;
  }

  /** Starts a run of the scene's parts, or those given. Its errors are collected, and its signal is the scene's. */
  start(parts: Partial<Spec> & Pick<Spec, "consumer">, options: RunOptions = {}): Promise<void> {
    const spec: Spec = { stream: this.events.toStream(this.handle), cursors: this.store, ...parts };
    const observer = { error: (report: ErrorReport) => void this.reports.push(report) };
    return run(spec, { signal: this.controller.signal, observer, ...options });
  }

  /** The cursor of consumer "a" in the table, whatever the store holds back. */
  writtenCursor(): string | undefined {
    return writtenCursor(this.handle, "a");
  }

  async close(): Promise<void> {
    await this.store[Symbol.asyncDispose]();
    this.handle.close();
  }
}

/** A consumer whose work on event 2 begins, and ends when the test says so. */
export function slowAtTwo(): { consumer: Consumer; begun: Promise<void>; work: Gate; seen: string[] } {
  const begun = new Gate();
  const work = new Gate();
  const seen: string[] = [];
  const consume = (event: { id: string }): Promise<void> | undefined => {
    seen.push(event.id);
    if (event.id !== "2") return undefined;
    begun.open();
    return work.opened;
  };
  return { consumer: { name: "a", consume }, begun: begun.opened, work, seen };
}
