import type { ReflexEvent } from "../../reflex/event.ts";
import { sizeOf } from "../events/event-size.ts";

export interface WindowBounds {
  readonly events: number;
  readonly bytes: number;
}

/** Events that were read together, which follow one another. */
interface Stretch {
  /** The id before the first. */
  readonly after: bigint;
  readonly events: readonly ReflexEvent[];
  readonly bytes: number;
}

// Shorter ones are joined, so that a stream which is behind gets many events at a time.
const LONG_STRETCH = 500;

/** The latest contiguous events that were read, for the streams that are not far behind. */
export class RecentWindow {
  readonly #bounds: WindowBounds;
  /** Each begins where the one before ends. */
  #stretches: Stretch[] = [];
  #length = 0;
  #bytes = 0;

  constructor(bounds: WindowBounds) {
    this.#bounds = bounds;
  }

  /**
   * Keeps events that were read after the row `after`. They extend the window if they join its end; further ahead they
   * replace it; what it holds already, and what lies behind it, is left out: the window is for the streams in front.
   */
  add(after: bigint, events: readonly ReflexEvent[]): void {
    const [oldest] = this.#stretches;
    const end = oldest === undefined ? after : oldest.after + BigInt(this.#length);
    if (oldest !== undefined && (after + BigInt(events.length) <= end || after < oldest.after)) return;
    if (after > end) this.drop();
    const start = after > end ? after : end;
    const added = start === after ? events : events.slice(Number(start - after));
    this.#append({ after: start, events: added, bytes: bytesOf(added) });
    this.#shrink();
  }

  /** Up to `limit` events that follow the row `after`, if the window holds the first of them. */
  read(after: bigint, limit: number): readonly ReflexEvent[] | undefined {
    const stretch = this.#stretchOf(after);
    if (stretch === undefined) return undefined;
    const from = Number(after - stretch.after);
    return from === 0 && stretch.events.length <= limit ? stretch.events : stretch.events.slice(from, from + limit);
  }

  /** The event with this id, if the window holds it. */
  at(id: bigint): ReflexEvent | undefined {
    const stretch = this.#stretchOf(id - 1n);
    return stretch?.events[Number(id - 1n - stretch.after)];
  }

  drop(): void {
    this.#stretches = [];
    this.#length = 0;
    this.#bytes = 0;
  }

  /** The stretch that holds the event after the row `after`. */
  #stretchOf(after: bigint): Stretch | undefined {
    return this.#stretches.findLast((stretch) => after >= stretch.after && after < endOf(stretch));
  }

  #append(added: Stretch): void {
    const last = this.#stretches.at(-1);
    this.#length += added.events.length;
    this.#bytes += added.bytes;
    if (last === undefined || last.events.length + added.events.length > LONG_STRETCH) {
      this.#stretches.push(added);
      return;
    }
    const events = [...last.events, ...added.events];
    this.#stretches[this.#stretches.length - 1] = { after: last.after, events, bytes: last.bytes + added.bytes };
  }

  /** Takes events off the oldest stretch until the window is within its bounds. */
  #shrink(): void {
    for (;;) {
      const [oldest] = this.#stretches;
      const surplus = this.#length - this.#bounds.events;
      if (oldest === undefined || (surplus <= 0 && this.#bytes <= this.#bounds.bytes)) return;
      const whole = surplus >= oldest.events.length;
      const count = whole ? oldest.events.length : Math.max(surplus, this.#surplusBytes(oldest));
      const events = oldest.events.slice(count);
      const bytes = whole ? 0 : bytesOf(events);
      this.#length -= count;
      this.#bytes -= oldest.bytes - bytes;
      if (events.length === 0) this.#stretches.shift();
      else this.#stretches[0] = { after: oldest.after + BigInt(count), events, bytes };
    }
  }

  /** How many events at its beginning have to go for the window to be within its bytes, at most all of them. */
  #surplusBytes({ events }: Stretch): number {
    let bytes = this.#bytes;
    const kept = events.findIndex((event) => {
      if (bytes <= this.#bounds.bytes) return true;
      bytes -= sizeOf(event);
      return false;
    });
    return kept === -1 ? events.length : kept;
  }
}

function endOf({ after, events }: Stretch): bigint {
  return after + BigInt(events.length);
}

function bytesOf(events: readonly ReflexEvent[]): number {
  let bytes = 0;
  for (const event of events) bytes += sizeOf(event);
  return bytes;
}
