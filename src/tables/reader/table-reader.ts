import type { Database } from "../../database/database.ts";
import type { Reporting } from "../../reflex/observer.ts";
import { isolated } from "../../waiting/isolated.ts";
import { processBudget } from "../../waiting/work-budget.ts";
import type { PlainColumns } from "../events/event-row.ts";
import type { EventsTableConfig } from "../events/events-table-options.ts";
import type { GapControl } from "../gaps/gap-control.ts";
import { GapResolverFactory } from "../gaps/gap-resolver-factory.ts";
import type { Batch } from "../pages/batch.ts";
import { EventCache } from "../pages/event-cache.ts";
import { LoadGate } from "../pages/load-gate.ts";
import { PageReader } from "../pages/page-reader.ts";
import { PageSize } from "../pages/page-size.ts";
import { ReadAhead } from "../pages/read-ahead.ts";
import { isSameRow, type Position } from "../position/position.ts";
import type { PolledHead } from "../wake/head-look.ts";
import { headPoller } from "../wake/head-poller.ts";
import type { StreamWatcher } from "../wake/notifier.ts";
import { WakeSignal } from "../wake/wake-signal.ts";
import { checkPosition } from "./check-position.ts";
import { warnOfSmallPool } from "./pool-warning.ts";
import type { ReaderContext } from "./reader-context.ts";
import { SharedPositionReader } from "./shared-position-reader.ts";
import { type StreamPosition, StreamPositions } from "./stream-positions.ts";

export interface TableReaderSource {
  readonly table: string;
  readonly config: EventsTableConfig;
  readonly database: Database;
  readonly reporting: Reporting;
  readonly gaps: GapControl;
  readonly plainColumns: PlainColumns;
  readonly watcher: StreamWatcher;
  /** Why no noop can be made for this table; undefined if one can. */
  readonly noopProblem: string | undefined;
  /** Wakes all streams of the table in this process. */
  readonly notify: () => void;
}

// After an event more are likely for this long.
const HOT_MS = 400;
const LOADS_AT_A_TIME = 2;
const CACHE_BOUNDS = { events: 20_000, bytes: 16 * 1024 * 1024 };
const CACHE_REACH = BigInt(CACHE_BOUNDS.events);

/** Reads one table in one database, for all its streams. */
export class TableReader {
  readonly pages: PageReader;
  readonly positions: StreamPositions = new StreamPositions();
  /** How many streams share it. */
  streams = 0;
  readonly #source: TableReaderSource;
  readonly #context: ReaderContext;
  readonly #resolvers: GapResolverFactory;
  readonly #cache = new EventCache(CACHE_BOUNDS);
  #cacheEpoch = 0;
  readonly #positionReaders = new Map<bigint, SharedPositionReader>();
  readonly #unsubscribe: () => void;
  #hotUntil = 0;
  /** Known to the head poller once a stream was at the head. */
  #polledHead: PolledHead | undefined;
  #closed = false;

  constructor(source: TableReaderSource) {
    warnOfSmallPool(source);
    this.#source = source;
    const wake = new WakeSignal();
    // It may throw: before anything is held that would have to be given back.
    this.#unsubscribe = source.watcher.subscribe(() => {
      this.#heatUp();
      wake.wake();
    });
    this.pages = new PageReader(source);
    this.#resolvers = new GapResolverFactory({ ...source, epoch: () => this.pages.epoch });
    const { table, config, database, reporting, gaps } = source;
    this.#context = {
      table,
      config,
      database,
      reporting,
      gaps,
      wake,
      pages: this.pages,
      readAhead: new ReadAhead({
        read: (from, limit, signal) => this.pages.read(from, limit, signal),
        epoch: () => this.pages.epoch,
        // The pages of several streams are asked for side by side anyway; a loader may do more than read.
        wanted: () => this.positions.size < 2 && config.loader === undefined && database.dialect.gapsCanClose,
      }),
      loads: new LoadGate(LOADS_AT_A_TIME),
      pageSize: new PageSize(config),
      head: { watch: (head) => this.#watch(head, wake) },
      makeResolver: () => this.#resolvers.makeResolver(),
      belowOpenRows: (position) => this.belowOpenRows(position),
      tellGap: ({ prev, next }) => gaps.tell(table, { prev: String(prev), next: String(next) }, database.identity),
      onFault: () => this.#cache.drop(),
    };
  }

  /** Events that follow the position, as soon as there are any. Rejects with the signal's reason. */
  async next(position: Position, signal: AbortSignal): Promise<Batch> {
    signal.throwIfAborted();
    const held = this.#fromCache(position);
    const following = held === undefined ? this.#read(position, signal) : Promise.resolve(held);
    // Only now: while others have their turn the server reads.
    following.catch(() => undefined);
    if (processBudget.spent) await processBudget.renew();
    return following;
  }

  async #read(position: Position, signal: AbortSignal): Promise<Batch> {
    const batch = await this.#join(position).wait(signal);
    this.#heatUp();
    return batch;
  }

  /** Keeps events that followed the position of the stream at `place`, for those that come after it. */
  keep(position: Position, batch: Batch, place: StreamPosition): void {
    const { config, database } = this.#source;
    const { epoch, last } = batch;
    if (last === undefined || !config.cache || !database.dialect.gapsCanClose || epoch !== this.pages.epoch) return;
    const end = BigInt(last.id);
    if (epoch === this.#cacheEpoch && this.#cache.at(end) !== undefined) return;
    // What no other stream will ask for soon would only be kept from the garbage collector.
    if (!this.positions.anyBehind(end, CACHE_REACH, place)) return;
    if (epoch !== this.#cacheEpoch) this.#cache.drop();
    this.#cacheEpoch = epoch;
    this.#cache.add(position.id, batch.events);
  }

  /** Resolves if a stream may be at this position. @throws the position fault if there is one and it is confirmed */
  check(position: Position, signal: AbortSignal): Promise<void> {
    return checkPosition(this.#context, position, signal);
  }

  /** The highest position up to this one with no open row at or below it: a start there misses none that commits. */
  belowOpenRows(position: bigint): Promise<bigint> {
    return this.#resolvers.belowOpenRows(position);
  }

  close(): void {
    this.#closed = true;
    const { reporting, table: name } = this.#source;
    isolated(
      () => this.#unsubscribe(),
      (error) => reporting.error({ activity: "notify", name, error }),
    );
    this.#resolvers.close();
    if (this.#polledHead !== undefined) headPoller(this.#source.database).leave(this.#polledHead);
    this.pages.close();
  }

  #fromCache(position: Position): Batch | undefined {
    // After a reconnect what was read before may be gone from the table.
    if (!this.#source.config.cache || this.#cacheEpoch !== this.pages.epoch) return undefined;
    const { anchor } = position;
    const here = this.#cache.at(position.id);
    if (here !== undefined && anchor !== undefined && !isSameRow(here, anchor)) return undefined;
    const most = this.#context.pageSize.after(position.id);
    const events = this.#cache.read(position.id, most);
    if (events === undefined) return undefined;
    return { events, last: events.at(-1), epoch: this.#cacheEpoch, full: events.length >= most };
  }

  #join(position: Position): SharedPositionReader {
    const known = this.#positionReaders.get(position.id);
    if (known !== undefined && this.#source.config.cache && agree(known.position, position)) return known;
    const reader: SharedPositionReader = new SharedPositionReader(this.#context, position, () => {
      if (this.#positionReaders.get(position.id) === reader) this.#positionReaders.delete(position.id);
    });
    if (this.#source.config.cache) this.#positionReaders.set(position.id, reader);
    return reader;
  }

  #watch(head: bigint, wake: WakeSignal): () => void {
    const { config, database, table } = this.#source;
    const { wake: intervals, fields } = config;
    if (intervals === false || this.#closed) return () => undefined;
    const watcher = headPoller(database);
    this.#polledHead ??= watcher.join(table, fields.id);
    return watcher.watch({
      table: this.#polledHead,
      head,
      gtid: intervals.gtid,
      intervalMs: (heard) =>
        performance.now() < this.#hotUntil && !(heard && intervals.gtid) ? intervals.hotMs : intervals.idleMs,
      limits: config,
      wake: () => wake.wake(),
      failed: (error) => {
        this.#source.reporting.error({ activity: "stream", name: table, error, retryInMs: 0 });
        wake.wake();
      },
    });
  }

  #heatUp(): void {
    this.#hotUntil = performance.now() + HOT_MS;
  }
}

/** Whether what follows one follows the other: they don't name different rows. */
function agree(a: Position, b: Position): boolean {
  if (a.anchor === undefined || b.anchor === undefined) return a.anchor === b.anchor;
  return isSameRow(a.anchor, b.anchor);
}
