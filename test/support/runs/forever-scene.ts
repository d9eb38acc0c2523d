import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import {
  type Consumer,
  type ErrorReport,
  type HoldReport,
  positionOf,
  type RunForeverOptions,
  type Running,
  runForever,
  type Spec,
} from "reflex-rsql";
import { setHoldTimes } from "../../../src/reflex/hold-times.ts";
import { Reports } from "../streams/gaps.ts";
import { RequestingStore } from "./requesting-store.ts";
import { RewritableTable } from "./rewritable-table.ts";

/** A consumer that has passed both events of a table, and the run that goes on from there for ever. */
export class ForeverScene {
  readonly table: RewritableTable = new RewritableTable("old 1", "old 2");
  cursors: RequestingStore = new RequestingStore("2", positionOf(this.table.event("2")));
  readonly controller: AbortController = new AbortController();
  readonly holds: Reports<HoldReport> = new Reports<HoldReport>();
  readonly errors: Reports<ErrorReport> = new Reports<ErrorReport>();
  /** The foreign ids of the events that were consumed. */
  readonly seen: Reports<string> = new Reports<string>();
  #running: Running | undefined;

  constructor() {
    setHoldTimes({ lookMs: 2 });
  }

  /** Starts a run of the scene's parts, or those given; a wait for another attempt is short or for ever. */
  start(parts: Partial<Consumer & Spec> = {}, options: RunForeverOptions = {}): void {
    const { cursors = this.cursors, stream = this.table.stream, ...others } = parts;
    const consumer: Consumer = { name: "a", consume: ({ foreignId }) => this.seen.add(foreignId), ...others };
    this.#running = runForever(
      { stream, cursors, consumer },
      {
        observer: { hold: this.holds.add, error: this.errors.add },
        signal: this.controller.signal,
        minBackoffMs: 1,
        maxBackoffMs: 600_000,
        ...options,
      },
    );
  }

  get running(): Running {
    assert(this.#running !== undefined, "no run was started");
    return this.#running;
  }

  /** Waits until the table was opened this often from now on. */
  async looks(count: number): Promise<void> {
    const before = this.table.opened.length;
    while (this.table.opened.length < before + count) await new Promise(setImmediate);
  }

  /** Lets everything that needs no time happen. */
  async settled(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  }

  get released(): readonly HoldReport[] {
    return this.holds.all.filter(isReleased);
  }

  /** Ends the run, which must leave nothing behind. */
  async close(): Promise<void> {
    this.controller.abort("the test has ended");
    await this.#running?.catch(() => undefined);
    setHoldTimes();
    assert.equal(this.table.open, 0, "streams are open");
    assert.equal(this.cursors.watches.size, 0, "cursors are watched");
    assert.deepEqual(getEventListeners(this.controller.signal, "abort"), []);
  }
}

export function isReleased({ state }: HoldReport): boolean {
  return state === "released";
}
