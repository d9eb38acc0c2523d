import type { ReflexEvent } from "../../reflex/event.ts";
import { sizeOf } from "../event-size.ts";

export interface WindowBounds {
  readonly events: number;
  readonly bytes: number;
}

/** The latest contiguous events that were read, for the streams that are not far behind. */
export class RecentWindow {
  readonly #bounds: WindowBounds;
  /** The window, behind the places of events that have left it. */
  #events: (ReflexEvent | undefined)[] = [];
  /** Where in those it begins. */
  #first = 0;
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
    const end = this.#start + BigInt(this.#length);
    const last = after + BigInt(events.length);
    const empty = this.#length === 0;
    if (!empty && (last <= end || after < this.#start)) return;
    if (empty || after > end) {
      this.drop();
      this.#start = after;
    }
    const overlap = Number(this.#start + BigInt(this.#length) - after);
    for (let index = overlap; index < events.length; index++) {
      this.#events.push(events[index]);
      this.#bytes += sizeOf(events[index]);
    }
    this.#shrink();
  }

  /** Up to `limit` events that follow the row `after`, if the window holds the first of them. */
  read(after: bigint, limit: number): readonly ReflexEvent[] | undefined {
    const offset = after - this.#start;
    if (offset < 0n || offset >= BigInt(this.#length)) return undefined;
    const from = this.#first + Number(offset);
    return this.#events.slice(from, from + limit) as ReflexEvent[];
  }

  /** The event with this id, if the window holds it. */
  at(id: bigint): ReflexEvent | undefined {
    const offset = id - this.#start - 1n;
    return offset < 0n || offset >= BigInt(this.#length) ? undefined : this.#events[this.#first + Number(offset)];
  }

  drop(): void {
    this.#events = [];
    this.#first = 0;
    this.#bytes = 0;
  }

  get #length(): number {
    return this.#events.length - this.#first;
  }

  #shrink(): void {
    const { events: most, bytes } = this.#bounds;
    while (this.#length > most || (this.#bytes > bytes && this.#length > 0)) {
      this.#bytes -= sizeOf(this.#events[this.#first]);
      this.#events[this.#first] = undefined;
      this.#first++;
      this.#start++;
    }
    // Seldom, since it copies the whole window.
    if (this.#first <= most / 4 && this.#length > 0) return;
    this.#events = this.#events.slice(this.#first);
    this.#first = 0;
  }
}
