import { LongWait, seconds } from "../../database/sessions/long-wait.ts";
import type { Reporting } from "../../reflex/observer.ts";
import type { WaitCause } from "../../reflex/wait-cause.ts";
import type { EventMemory, HeldValues } from "../pages/event-memory.ts";

const MIB = 1024 * 1024;

export interface MemoryWaitSource {
  readonly table: string;
  readonly reporting: Reporting;
  readonly memory: EventMemory;
}

/** A wait of a stream for room. */
export interface RoomWait {
  /** The id that the stream has passed last. */
  readonly prev: bigint;
  /** Aborted when the stream ends. */
  readonly signal: AbortSignal;
}

/**
 * One stream's waits for memory that the events of other streams take. They count together until the stream has events
 * without a wait: one that waits for a while before each of its events is told like one that waits once, and once only.
 */
export class MemoryWait {
  readonly #source: MemoryWaitSource;
  /** How long the waits took that are over. */
  #waitedMs = 0;
  /** Since when it waits; undefined if it does not. */
  #sinceMs: number | undefined;
  #wait: LongWait | undefined;
  #prev = "";

  constructor(source: MemoryWaitSource) {
    this.#source = source;
  }

  /** On what the stream waits; undefined if it does not wait for memory. */
  get waitsFor(): WaitCause | undefined {
    return this.#sinceMs === undefined ? undefined : this.#cause();
  }

  /** Waits until there is room for long values. */
  async room(bytes: number, { prev, signal }: RoomWait): Promise<HeldValues> {
    const { memory } = this.#source;
    this.#prev = String(prev);
    const held = memory.roomNow(bytes);
    if (held !== undefined) {
      this.passed();
      return held;
    }
    this.#sinceMs = performance.now();
    this.#wait ??= this.#watch();
    try {
      return await memory.room(bytes, signal);
    } finally {
      this.#waitedMs = this.#totalMs;
      this.#sinceMs = undefined;
    }
  }

  /** The stream has had events without a wait, or is at the head. */
  passed(): void {
    if (this.#wait === undefined) return;
    const { told } = this.#wait;
    const waitedMs = this.#totalMs;
    this.stop();
    const { table } = this.#source;
    const message = `the stream of ${table} goes on without waiting for memory, for which it has waited ${seconds(waitedMs)}`;
    if (told !== undefined) this.#report("resumed", waitedMs, message);
  }

  /** The stream ends. */
  stop(): void {
    this.#wait?.stop();
    this.#wait = undefined;
    this.#waitedMs = 0;
  }

  get #totalMs(): number {
    return this.#waitedMs + (this.#sinceMs === undefined ? 0 : performance.now() - this.#sinceMs);
  }

  #watch(): LongWait {
    return new LongWait({
      sinceMs: () => performance.now() - this.#totalMs,
      ask: () => Promise.resolve(),
      cause: () => this.waitsFor,
      tell: ({ message }, waitedMs) => {
        const { table } = this.#source;
        const waited = `the stream of ${table} has waited ${seconds(waitedMs)} for memory`;
        this.#report("stalled", waitedMs, `${waited}: ${message}`);
      },
    });
  }

  #cause(): WaitCause {
    const { heldBytes, limitBytes, longBytes } = this.#source.memory;
    const held = Math.ceil(heldBytes / MIB);
    const [part, limit] = [longBytes / MIB, limitBytes / MIB];
    return {
      reason: "memory",
      message: `consumers hold ${held} MiB of events with long metadata, and of the ${limit} MiB for all events an eighth, ${part} MiB, is for these; have consumers ask for their next events sooner, or set more than eight times what they hold at a time, such as setEventMemoryMiB(${8 * (held + 1)})`,
    };
  }

  #report(state: "stalled" | "resumed", waitedMs: number, message: string): void {
    const { table, reporting } = this.#source;
    reporting.stall({ table, prev: this.#prev, next: "", reason: "memory", state, waitedMs, message });
  }
}
