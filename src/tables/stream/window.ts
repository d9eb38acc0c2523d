import type { ReflexEvent } from "../../reflex/event.ts";

export interface WindowBounds {
  readonly events: number;
  readonly bytes: number;
}

// An event without metadata, as an object with its strings.
const EVENT_BYTES = 200;

/** The latest contiguous events that were read, for the streams that are not far behind. */
export class RecentWindow {
  readonly #bounds: WindowBounds;
  #events: ReflexEvent[] = [];
  #bytes = 0;
  /** The id before the first event. */
  #start = 0n;

  constructor(bounds: WindowBounds) {
    this.#bounds = bounds;
  }

  /**
   * Keeps events that were read after the row `after`. They extend the window if they join its end; further ahead they
   * replace it; what it holds already, and what lies behind it, is left out: the window is for the streams in front.
   */
  add(after: bigint, events: readonly ReflexEvent[]): void {
    const end = this.#start + BigInt(this.#events.length);
    const last = after + BigInt(events.length);
    const empty = this.#events.length === 0;
    if (!empty && (last <= end || after < this.#start)) return;
    if (empty || after > end) {
      this.drop();
      this.#start = after;
    }
    const overlap = Number(this.#start + BigInt(this.#events.length) - after);
    for (const event of events.slice(overlap)) {
      this.#events.push(event);
      this.#bytes += sizeOf(event);
    }
    this.#shrink();
  }

  /** Up to `limit` events that follow the row `after`, if the window holds the first of them. */
  read(after: bigint, limit: number): readonly ReflexEvent[] | undefined {
    const offset = after - this.#start;
    if (offset < 0n || offset >= BigInt(this.#events.length)) return undefined;
    return this.#events.slice(Number(offset), Number(offset) + limit);
  }

  /** The event with this id, if the window holds it. */
  at(id: bigint): ReflexEvent | undefined {
    const index = id - this.#start - 1n;
    return index < 0n || index >= BigInt(this.#events.length) ? undefined : this.#events[Number(index)];
  }

  drop(): void {
    this.#events = [];
    this.#bytes = 0;
  }

  #shrink(): void {
    let surplus = Math.max(0, this.#events.length - this.#bounds.events);
    let bytes = this.#bytes;
    for (let index = 0; index < this.#events.length; index++) {
      if (index >= surplus && bytes <= this.#bounds.bytes) break;
      bytes -= sizeOf(this.#events[index]);
      surplus = Math.max(surplus, index + 1);
    }
    if (surplus === 0) return;
    this.#events = this.#events.slice(surplus);
    this.#start += BigInt(surplus);
    this.#bytes = bytes;
  }
}

function sizeOf(event: ReflexEvent | undefined): number {
  return EVENT_BYTES + (event?.metadata?.byteLength ?? 0) + (event?.trace?.byteLength ?? 0);
}
