import type { Reporting } from "../../reflex/observer.ts";
import { SharedReporting } from "../../reflex/shared-reporting.ts";
import type { WaitCause } from "../../reflex/wait-cause.ts";
import { CountedRegistry } from "../../waiting/counted-registry.ts";
import { processBudget } from "../../waiting/work-budget.ts";
import type { PlainColumns } from "../events/event-columns.ts";
import type { TableContext } from "../events/table-context.ts";
import type { GapControl } from "../gaps/gap-control.ts";
import { GapResolverFactory } from "../gaps/gap-resolver-factory.ts";
import type { Batch, UnreadRest } from "../pages/batch.ts";
import { eventMemory } from "../pages/event-memory.ts";
import { LoadGate } from "../pages/load-gate.ts";
import { PageReader } from "../pages/page-reader.ts";
import { PageSize } from "../pages/page-size.ts";
import { ReadAhead } from "../pages/read-ahead.ts";
import { agree, type Position } from "../position/position.ts";
import type { StreamWatcher } from "../wake/notifier.ts";
import { joinPoolsOfStreams, type StreamsPoolUses } from "./pool-uses.ts";
import type { PositionReaderPlace } from "./position-reader.ts";
import { ReadPace } from "./read-pace.ts";
import type { ReaderContext } from "./reader-context.ts";
import { ReaderWakeUps } from "./reader-wake-ups.ts";
import { ReportThinning } from "./report-thinning.ts";
import type { StreamPosition, StreamPositions } from "./shared-cache.ts";
import { SharedCache } from "./shared-cache.ts";
import { SharedPositionReader } from "./shared-position-reader.ts";
import { checkPosition } from "./suspected-faults.ts";

export interface TableReaderSource extends TableContext {
  readonly gaps: GapControl;
  readonly plainColumns: PlainColumns;
  /** Why no noop can be made for this table; undefined if one can. */
  readonly noopProblem: string | undefined;
}

/** What one of a reader's streams brings with it. */
export interface ReaderMember {
  /** Is told what the reader does while the stream is open. */
  readonly reporting: Reporting;
  readonly watcher: StreamWatcher;
  /** What the stream needs connections for. */
  readonly pools: StreamsPoolUses;
  /** Wakes all streams of the stream's table in this process. */
  readonly notify: () => void;
}

const LOADS_AT_A_TIME = 2;

/** Where a stream is, and what it brings from its reads before. */
export interface Place extends PositionReaderPlace {
  /** What was read before of what follows. */
  readonly rest?: UnreadRest | undefined;
}

/** Reads one table in one database, for all its streams. */
export class TableReader {
  readonly #context: ReaderContext;
  readonly #reporting = new SharedReporting();
  readonly #notifies = new CountedRegistry<() => void, () => void>();
  readonly #positionReaders = new Map<bigint, SharedPositionReader>();

  constructor(source: TableReaderSource) {
    const notify = (): void => {
      for (const wake of this.#notifies.values) wake();
    };
    this.#context = makeContext({ ...source, reporting: this.#reporting }, notify);
  }

  /**
   * A stream has joined. Returns a function to be called when it has left.
   * @throws whatever its notifier's `subscribe` throws
   */
  join({ reporting, watcher, notify, pools }: ReaderMember): () => void {
    const stopListening = this.#context.wakeUps.listenTo(watcher);
    const leave = this.#reporting.join(reporting);
    this.#notifies.acquire(notify, () => notify);
    const leavePools = joinPoolsOfStreams(pools, reporting);
    return () => {
      leavePools();
      stopListening();
      leave();
      this.#notifies.release(notify);
    };
  }

  get pages(): PageReader {
    return this.#context.pages;
  }

  /** Where its streams are. */
  get positions(): StreamPositions {
    return this.#context.cache.streams;
  }

  /** Events that follow the position, as soon as there are any. Rejects with the signal's reason. */
  async next(place: Place, signal: AbortSignal): Promise<Batch> {
    const { position } = place;
    signal.throwIfAborted();
    const { cache, pageSize } = this.#context;
    const cached = cache.after(position, pageSize.endOf(position.id, pageSize.rowsAfter(position.id)));
    const following = cached === undefined ? this.#read(place, signal) : Promise.resolve(cached);
    // The events are asked for before others have their turn: the server reads meanwhile.
    following.catch(() => undefined);
    if (processBudget.spent) await processBudget.renew();
    return following;
  }

  /** Keeps the batch that followed the position of the stream at `at`, for the streams that come after it. */
  keep(position: Position, batch: Batch, at: StreamPosition): void {
    this.#context.cache.keep(position, batch, at);
  }

  /** Resolves if a stream may be at this position. @throws ReflexError the position fault, if there is one and it is confirmed */
  check(position: Position, signal: AbortSignal): Promise<void> {
    return checkPosition(this.#context, position, signal);
  }

  /** The highest position up to this one with no open row at or below it: a start there misses none that commits. */
  belowOpenRows(position: bigint): Promise<bigint> {
    return this.#context.resolvers.belowOpenRows(position);
  }

  /** Why a stream at this position waits: a read that takes long, or a gap; undefined if nothing is in its way. */
  async whySlow(position: Position): Promise<WaitCause | undefined> {
    const { pages, resolvers } = this.#context;
    const stalledOn = this.#positionReaders.get(position.id)?.stalledOn;
    if (stalledOn !== undefined) return stalledOn;
    return (await pages.whySlow()) ?? resolvers.whySlow(pages.askFree);
  }

  close(): void {
    const { wakeUps, resolvers, pages, cache } = this.#context;
    wakeUps.close();
    resolvers.close();
    pages.close();
    cache.close();
  }

  async #read(place: Place, signal: AbortSignal): Promise<Batch> {
    const batch = await this.#join(place).wait(signal);
    this.#context.wakeUps.heatUp();
    return batch;
  }

  #join({ position, memory, rest }: Place): SharedPositionReader {
    const { cache: shares } = this.#context.config;
    const known = this.#positionReaders.get(position.id);
    if (known !== undefined && shares && agree(known.position, position)) return known;
    const onEnd = (): void => {
      if (this.#positionReaders.get(position.id) === reader) this.#positionReaders.delete(position.id);
    };
    const reader: SharedPositionReader = new SharedPositionReader(this.#context, { position, memory, rest, onEnd });
    this.#positionReaders.set(position.id, reader);
    return reader;
  }
}

function makeContext(
  { gaps, plainColumns, noopProblem, ...table }: TableReaderSource,
  notify: () => void,
): ReaderContext {
  const { config, database } = table;
  const thinning = new ReportThinning();
  const wakeUps = new ReaderWakeUps(table, thinning);
  const pace = new ReadPace(() => wakeUps.count);
  const pages = new PageReader(table, plainColumns);
  const epoch = (): number => pages.epoch;
  const cache = new SharedCache(table, epoch);
  const readAhead = new ReadAhead({
    epoch,
    read: (from, limit, signal) => pages.read(from, limit, signal),
    // Several streams ask for their pages side by side anyway. A loader may do more than read.
    wanted: () => cache.streams.size < 2 && config.loader === undefined && database.dialect.gapsCanClose,
  });
  const resolvers = new GapResolverFactory({ ...table, gaps, noopProblem, notify, epoch });
  const [loads, pageSize] = [new LoadGate(LOADS_AT_A_TIME), new PageSize(config, eventMemory)];
  return { ...table, gaps, wakeUps, pace, pages, cache, readAhead, resolvers, loads, pageSize, thinning };
}
