import type { TableContext } from "../events/table-context.ts";
import type { Batch } from "../pages/batch.ts";
import { EventCache } from "../pages/event-cache.ts";
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

export const CACHE_BOUNDS: { readonly events: number; readonly bytes: number } = {
  events: 20_000,
  bytes: 16 * 1024 * 1024,
};
/** How far behind an event another stream may be for the event to be kept for it. */
const REACH = BigInt(CACHE_BOUNDS.events);

/** The latest events that a reader's streams have read, of one epoch, for those of the streams that are a little behind. */
export class SharedCache {
  /** Where the reader's streams are. */
  readonly streams: StreamPositions = new StreamPositions();
  readonly #enabled: boolean;
  readonly #epochNow: () => number;
  readonly #events = new EventCache(CACHE_BOUNDS);
  #epoch = 0;

  /** `epochNow` gives the epoch of a read that would be made now. */
  constructor({ config, database }: TableContext, epochNow: () => number) {
    this.#enabled = config.cache && database.dialect.gapsCanClose;
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
    this.#events.add(position.id, batch.events);
  }

  /** Up to `limit` events that follow the position; undefined if they are not kept, or may be gone from the table since. */
  after(position: Position, limit: number): Batch | undefined {
    if (!this.#enabled || this.#epoch !== this.#epochNow()) return undefined;
    const here = this.#events.at(position.id);
    if (here === undefined ? isUnconfirmed(position) : !fitsPosition(here, position)) return undefined;
    const events = this.#events.read(position.id, limit);
    if (events === undefined) return undefined;
    return { events, last: events.at(-1), epoch: this.#epoch, full: events.length >= limit };
  }

  drop(): void {
    this.#events.drop();
  }
}
