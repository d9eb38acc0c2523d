import type { Database } from "../../database/database.ts";
import type { Reporting } from "../../reflex/observer.ts";
import { throwIfAborted } from "../../waiting/abort.ts";
import { isolated } from "../../waiting/isolated.ts";
import { processBudget } from "../../waiting/work-budget.ts";
import type { PlainColumns } from "../events/event-row.ts";
import type { EventsTableConfig } from "../events/events-table-options.ts";
import type { GapControl } from "../gaps/gap-control.ts";
import { HoleTools } from "../gaps/gap-resolver-factory.ts";
import type { Advanced } from "../pages/batch.ts";
import { EarlyReads } from "../pages/read-ahead.ts";
import { LoadGate } from "../pages/load-gate.ts";
import { PageReader } from "../pages/page-reader.ts";
import { PageSize } from "../pages/page-size.ts";
import { RecentWindow } from "../pages/event-cache.ts";
import { isSameRow, type Position } from "../position/position.ts";
import type { LookedUpTable } from "../wake/head-look.ts";
import { headWatcher } from "../wake/head-poller.ts";
import type { StreamWatcher } from "../wake/notifier.ts";
import { WakeSignal } from "../wake/wake-signal.ts";
import { checkPosition } from "./check-position.ts";
import { warnOfSmallPool } from "./pool-warning.ts";
import type { ReaderParts } from "./reader-context.ts";
import { SharedAdvance } from "./shared-position-reader.ts";
import { type StreamPlace, StreamPlaces } from "./stream-positions.ts";

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
const WINDOW_BOUNDS = { events: 20_000, bytes: 16 * 1024 * 1024 };
const WINDOW_REACH = BigInt(WINDOW_BOUNDS.events);

/** Reads one table in one database, for all its streams. */
export class TableReader {
  readonly pages: PageReader;
  readonly places: StreamPlaces = new StreamPlaces();
  /** How many streams share it. */
  streams = 0;
  readonly #source: TableReaderSource;
  readonly #parts: ReaderParts;
  readonly #tools: HoleTools;
  readonly #window = new RecentWindow(WINDOW_BOUNDS);
  #windowEpoch = 0;
  readonly #advances = new Map<bigint, SharedAdvance>();
  readonly #unsubscribe: () => void;
  #hotUntil = 0;
  /** Known to the head watcher once a stream was at the head. */
  #lookedUp: LookedUpTable | undefined;
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
    this.#tools = new HoleTools({ ...source, epoch: () => this.pages.epoch });
    const { table, config, database, reporting, gaps } = source;
    this.#parts = {
      table,
      config,
      database,
      reporting,
      gaps,
      wake,
      pages: this.pages,
      early: new EarlyReads({
        read: (from, limit, signal) => this.pages.read(from, limit, signal),
        epoch: () => this.pages.epoch,
        // The pages of several streams are asked for side by side anyway; a loader may do more than read.
        wanted: () => this.places.size < 2 && config.loader === undefined && database.dialect.holesCanClose,
      }),
      loads: new LoadGate(LOADS_AT_A_TIME),
      pageSize: new PageSize(config),
      head: { watch: (head) => this.#watch(head, wake) },
      makeResolver: () => this.#tools.makeResolver(),
      belowOpenRows: (position) => this.belowOpenRows(position),
      tellGap: ({ prev, next }) => gaps.tell(table, { prev: String(prev), next: String(next) }, database.identity),
      onFault: () => this.#window.drop(),
    };
  }

  /** Events that follow the position, as soon as there are any. Rejects with the signal's reason. */
  async next(position: Position, signal: AbortSignal): Promise<Advanced> {
    throwIfAborted(signal);
    const held = this.#fromWindow(position);
    const following = held === undefined ? this.#read(position, signal) : Promise.resolve(held);
    // Only now: while others have their turn the server reads.
    following.catch(() => undefined);
    if (processBudget.spent) await processBudget.renew();
    return following;
  }

  async #read(position: Position, signal: AbortSignal): Promise<Advanced> {
    const advanced = await this.#join(position).wait(signal);
    this.#heatUp();
    return advanced;
  }

  /** Keeps events that followed the position of the stream at `place`, for those that come after it. */
  keep(position: Position, advanced: Advanced, place: StreamPlace): void {
    const { config, database } = this.#source;
    const { epoch, last } = advanced;
    if (last === undefined || !config.cache || !database.dialect.holesCanClose || epoch !== this.pages.epoch) return;
    const end = BigInt(last.id);
    if (epoch === this.#windowEpoch && this.#window.at(end) !== undefined) return;
    // What no other stream will ask for soon would only be kept from the garbage collector.
    if (!this.places.anyBehind(end, WINDOW_REACH, place)) return;
    if (epoch !== this.#windowEpoch) this.#window.drop();
    this.#windowEpoch = epoch;
    this.#window.add(position.id, advanced.events);
  }

  /** Resolves if a stream may be at this position. @throws the position fault if there is one and it is confirmed */
  check(position: Position, signal: AbortSignal): Promise<void> {
    return checkPosition(this.#parts, position, signal);
  }

  /** The highest position up to this one with no open row at or below it: a start there misses none that commits. */
  belowOpenRows(position: bigint): Promise<bigint> {
    return this.#tools.belowOpenRows(position);
  }

  close(): void {
    this.#closed = true;
    const { reporting, table: name } = this.#source;
    isolated(
      () => this.#unsubscribe(),
      (error) => reporting.error({ activity: "notify", name, error }),
    );
    this.#tools.close();
    if (this.#lookedUp !== undefined) headWatcher(this.#source.database).leave(this.#lookedUp);
    this.pages.close();
  }

  #fromWindow(position: Position): Advanced | undefined {
    // After a reconnect what was read before may be gone from the table.
    if (!this.#source.config.cache || this.#windowEpoch !== this.pages.epoch) return undefined;
    const { anchor } = position;
    const here = this.#window.at(position.id);
    if (here !== undefined && anchor !== undefined && !isSameRow(here, anchor)) return undefined;
    const most = this.#parts.pageSize.after(position.id);
    const events = this.#window.read(position.id, most);
    if (events === undefined) return undefined;
    return { events, last: events.at(-1), epoch: this.#windowEpoch, full: events.length >= most };
  }

  #join(position: Position): SharedAdvance {
    const known = this.#advances.get(position.id);
    if (known !== undefined && this.#source.config.cache && agree(known.position, position)) return known;
    const advance: SharedAdvance = new SharedAdvance(this.#parts, position, () => {
      if (this.#advances.get(position.id) === advance) this.#advances.delete(position.id);
    });
    if (this.#source.config.cache) this.#advances.set(position.id, advance);
    return advance;
  }

  #watch(head: bigint, wake: WakeSignal): () => void {
    const { config, database, table } = this.#source;
    const { wake: intervals, fields } = config;
    if (intervals === false || this.#closed) return () => undefined;
    const watcher = headWatcher(database);
    this.#lookedUp ??= watcher.join(table, fields.id);
    return watcher.watch({
      table: this.#lookedUp,
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
