import type { ReflexEvent } from "../../reflex/event.ts";
import { valueBytes } from "../events/event-size.ts";

export interface EventCacheBounds {
  readonly events: number;
  /** The bound for the bytes of all metadata and traces. */
  readonly bytes: number;
}

/** Events that were kept, and followed one another. */
export interface KeptEvents {
  readonly events: readonly ReflexEvent[];
  /** The bytes of their metadata and traces; 0 where they surely are within the bound. */
  readonly bytes: number;
  /** Whether more was kept after them. */
  readonly more: boolean;
}

/** Events that follow one another without a gap, as they were read together or joined. */
interface CachedRun {
  /** The id before the first event. */
  readonly after: bigint;
  readonly events: readonly ReflexEvent[];
  readonly bytes: number;
}

// Shorter runs are joined, so that a stream which is behind gets many events at a time.
const LONG_RUN = 500;

/** The latest contiguous events that were read, for the streams that are not far behind. */
export class EventCache {
  readonly #bounds: EventCacheBounds;
  /** Each run begins where the run before it ends. */
  #runs: CachedRun[] = [];
  #length = 0;
  #bytes = 0;

  constructor(bounds: EventCacheBounds) {
    this.#bounds = bounds;
  }

  /**
   * Keeps events that were read after the row `after`. Events that join the cache's end extend it. Events further ahead
   * replace what it holds. Events that it holds already, and those behind its start, are left out: the cache is for the
   * streams in front.
   */
  add(after: bigint, events: readonly ReflexEvent[]): void {
    const [oldest] = this.#runs;
    const end = oldest === undefined ? after : oldest.after + BigInt(this.#length);
    if (oldest !== undefined && (after + BigInt(events.length) <= end || after < oldest.after)) return;
    if (after > end) this.drop();
    const start = after > end ? after : end;
    const added = start === after ? events : events.slice(Number(start - after));
    this.#append({ after: start, events: added, bytes: bytesOf(added) });
    this.#shrink();
  }

  /**
   * Up to `limit` events that follow the row `after`, if the cache holds the first of them. Their values have at most
   * `mostBytes`, or are those of one event.
   */
  read(after: bigint, limit: number, mostBytes: number): KeptEvents | undefined {
    const run = this.#runOf(after);
    if (run === undefined) return undefined;
    const from = Number(after - run.after);
    const whole = from === 0 && run.events.length <= limit;
    const events = whole ? run.events : run.events.slice(from, from + limit);
    return run.bytes <= mostBytes ? { events, bytes: 0, more: false } : firstOf(events, mostBytes);
  }

  /** The event with this id, if the cache holds it. */
  at(id: bigint): ReflexEvent | undefined {
    const run = this.#runOf(id - 1n);
    return run?.events[Number(id - 1n - run.after)];
  }

  drop(): void {
    this.#runs = [];
    this.#length = 0;
    this.#bytes = 0;
  }

  /** The run that holds the event after the row `after`. */
  #runOf(after: bigint): CachedRun | undefined {
    return this.#runs.findLast((run) => after >= run.after && after < endOf(run));
  }

  #append(added: CachedRun): void {
    const last = this.#runs.at(-1);
    this.#length += added.events.length;
    this.#bytes += added.bytes;
    if (last === undefined || last.events.length + added.events.length > LONG_RUN) {
      this.#runs.push(added);
      return;
    }
    const events = [...last.events, ...added.events];
    this.#runs[this.#runs.length - 1] = { after: last.after, events, bytes: last.bytes + added.bytes };
  }

  /** Takes events off the oldest run until the cache is within its bounds. */
  #shrink(): void {
    for (;;) {
      const [oldest] = this.#runs;
      const surplus = this.#length - this.#bounds.events;
      if (oldest === undefined || (surplus <= 0 && this.#bytes <= this.#bounds.bytes)) return;
      const whole = surplus >= oldest.events.length;
      const count = whole ? oldest.events.length : Math.max(surplus, this.#surplusBytes(oldest));
      const events = oldest.events.slice(count);
      const bytes = whole ? 0 : bytesOf(events);
      this.#length -= count;
      this.#bytes -= oldest.bytes - bytes;
      if (events.length === 0) this.#runs.shift();
      else this.#runs[0] = { after: oldest.after + BigInt(count), events, bytes };
    }
  }

  /** How many events at the run's beginning have to go for the cache to be within its bytes: at most all of them. */
  #surplusBytes({ events }: CachedRun): number {
    let bytes = this.#bytes;
    const kept = events.findIndex((event) => {
      if (bytes <= this.#bounds.bytes) return true;
      bytes -= valueBytes(event);
      return false;
    });
    return kept === -1 ? events.length : kept;
  }
}

function endOf({ after, events }: CachedRun): bigint {
  return after + BigInt(events.length);
}

function bytesOf(events: readonly ReflexEvent[]): number {
  let bytes = 0;
  for (const event of events) bytes += valueBytes(event);
  return bytes;
}

function firstOf(events: readonly ReflexEvent[], mostBytes: number): KeptEvents {
  let [bytes, count] = [0, 0];
  for (const event of events) {
    const added = valueBytes(event);
    if (count > 0 && bytes + added > mostBytes) break;
    bytes += added;
    count++;
  }
  const more = count < events.length;
  return { events: more ? events.slice(0, count) : events, bytes, more };
}
