import type { TableContext } from "../events/table-context.ts";
import { type Batch, EventBatch } from "../pages/batch.ts";
import { EventCache } from "../pages/event-cache.ts";
import { eventMemory } from "../pages/event-memory.ts";
import { fitsPosition, isUnconfirmed, type Position } from "../position/position.ts";

/** Where one stream is: its cursor, as a number. */
export interface StreamPosition {
  position: bigint;
}

/** Where the streams of one reader are. */
export class StreamPositions {
  readonly #positions = new Set<StreamPosition>();

  /** How many streams there are. */
  get size(): number {
    return this.#positions.size;
  }

  /** Adds a stream, which keeps its position up to date, and calls {@link leave} when it ends. */
  join(stream: StreamPosition): void {
    this.#positions.add(stream);
  }

  leave(stream: StreamPosition): void {
    this.#positions.delete(stream);
  }

  /** Whether a stream other than `except` is before the event with this id, by at most `reach` ids. */
  anyBehind(id: bigint, reach: bigint, except: StreamPosition): boolean {
    for (const stream of this.#positions) {
      if (stream !== except && stream.position < id && id - stream.position <= reach) return true;
    }
    return false;
  }
}

/** How many events one reader keeps at most. */
export const MOST_KEPT_EVENTS = 20_000;
/** How far behind an event another stream may be for the event to be kept for it. */
const REACH = BigInt(MOST_KEPT_EVENTS);

/** The latest events that a reader's streams have read, of one epoch, for those of the streams that are a little behind. */
export class SharedCache {
  /** Where the reader's streams are. */
  readonly streams: StreamPositions = new StreamPositions();
  readonly #enabled: boolean;
  readonly #epochNow: () => number;
  readonly #hasValues: boolean;
  readonly #events = new EventCache({
    events: MOST_KEPT_EVENTS,
    get bytes() {
      return eventMemory.cacheBytes;
    },
  });
  #counted = false;
  #epoch = 0;

  /** `epochNow` gives the epoch of a read that would be made now. */
  constructor({ config, database }: TableContext, epochNow: () => number) {
    const { fields, loader } = config;
    this.#enabled = config.cache && database.dialect.gapsCanClose;
    this.#hasValues = fields.metadata !== undefined || fields.trace !== undefined || loader !== undefined;
    this.#epochNow = epochNow;
  }

  /** Keeps the events of a batch that the stream at `at` was given after `position`, if another stream will ask for them. */
  keep(position: Position, batch: Batch, at: StreamPosition): void {
    const { epoch, last } = batch;
    if (last === undefined || !this.#enabled || epoch !== this.#epochNow()) return;
    const end = BigInt(last.id);
    if (epoch === this.#epoch && this.#events.at(end) !== undefined) return;
    // An event that no other stream will ask for soon would only be kept from the garbage collector.
    if (!this.streams.anyBehind(end, REACH, at)) return;
    if (epoch !== this.#epoch) this.#events.drop();
    this.#epoch = epoch;
    this.#count(1);
    this.#events.add(position.id, batch.events);
  }

  /** Up to `limit` events that follow the position; undefined if they are not kept, or may be gone from the table since. */
  after(position: Position, limit: number): Batch | undefined {
    if (!this.#enabled || this.#epoch !== this.#epochNow()) return undefined;
    const here = this.#events.at(position.id);
    if (here === undefined ? isUnconfirmed(position) : !fitsPosition(here, position)) return undefined;
    const kept = this.#events.read(position.id, limit, eventMemory.pageBytes);
    if (kept === undefined) return undefined;
    const { events, bytes, more } = kept;
    // Values that are no longer kept here may still be held by the stream. A page's worth of them counts as a page.
    const held = bytes > eventMemory.pageBytes ? eventMemory.take(bytes) : undefined;
    return new EventBatch({ events, epoch: this.#epoch, full: more || events.length >= limit, held });
  }

  drop(): void {
    this.#events.drop();
  }

  /** No stream reads any more. */
  close(): void {
    this.drop();
    this.#count(-1);
  }

  /** Has its share of the memory counted once it keeps values, and until it is closed. */
  #count(difference: 1 | -1): void {
    if (!this.#hasValues || this.#counted === difference > 0) return;
    this.#counted = difference > 0;
    eventMemory.countCache(difference);
  }
}
