import type { DatabaseHandle, ExecutorHandle } from "../database/handles/handles.ts";
import { toDatabase } from "../database/handles/recognise.ts";
import { parseTableName } from "../database/identifiers.ts";
import { typeMistake } from "../errors/reflex-error.ts";
import { show } from "../errors/show.ts";
import type { ReflexEvent } from "../reflex/event.ts";
import { Reporting } from "../reflex/observer.ts";
import type { EventStream, StreamFunc } from "../reflex/stream.ts";
import { isolated } from "../waiting/isolated.ts";
import { rejecting } from "../waiting/rejecting.ts";
import type { CallOptions } from "../waiting/time-limit.ts";
import type { CursorTarget } from "./cursors/cursor-wishes.ts";
import { checkEach, checkEventType, toMetadata } from "./events/check-event.ts";
import { setEventSource } from "./events/event-by-id.ts";
import { EventInserter, type EventToInsert } from "./events/event-insert.ts";
import {
  checkEventsTableOptions,
  type EventsTableOptions,
  toEventsTableConfig,
} from "./events/events-table-options.ts";
import { eventsSchemaCheck, eventsTableSchema } from "./events/events-table-schema.ts";
import type { Notify } from "./events/notify.ts";
import type { TableDefinition } from "./events/table-context.ts";
import { type Lag, lagAfter, newestEvent } from "./events/table-head.ts";
import { GapControl, type GapListener, setGapControl } from "./gaps/gap-control.ts";
import type { TableSchema } from "./schema/table-schema.ts";
import type { CursorPlace } from "./stream/cursor-at.ts";
import { EventsTableStreams } from "./stream/events-table-streams.ts";
import { checkStreamOptions, type TableStreamOptions } from "./stream/stream-options.ts";
import { type EventsNotifier, inMemoryNotifier } from "./wake/notifier.ts";

/** An event to be inserted by `insertMany`. */
export interface NewEvent<T extends number, ForeignId> {
  /** The id of what the event tells of, such as an order's. */
  readonly foreignId: ForeignId;
  /** What has happened to it: a whole number, not 0, which is a noop. */
  readonly type: T;
  /** Bytes, or text as UTF-8. Needs the option `metadataField`. */
  readonly metadata?: Uint8Array | string | undefined;
}

/** What {@link EventsTable} and {@link EventsTableInt} share: all but the type of their foreign ids. */
export abstract class EventsTableBase<T extends number, ForeignId> {
  /** The table's name as it was given. */
  readonly name: string;
  /** How the table is made; for `createTables` and `schemaSql`. */
  readonly schema: TableSchema;
  protected readonly options: EventsTableOptions<T>;
  readonly #definition: TableDefinition;
  readonly #notifier: EventsNotifier;
  readonly #reporting: Reporting;
  readonly #inserter: EventInserter;
  readonly #gaps: GapControl;
  readonly #streams: EventsTableStreams<T>;

  protected constructor(name: string, options: EventsTableOptions<T>, foreignIdType: "text" | "integer") {
    parseTableName(name);
    this.name = name;
    this.options = checkEventsTableOptions(`table ${name}`, options);
    const config = toEventsTableConfig(`table ${name}`, this.options);
    this.#definition = { table: name, config };
    this.schema = eventsTableSchema(name, config, foreignIdType);
    this.#notifier = this.options.notifier ?? inMemoryNotifier();
    this.#reporting = new Reporting([this.options.observer], this.options.logger);
    this.#gaps = new GapControl(config.gaps, this.#reporting);
    setGapControl(this, this.#gaps);
    setEventSource(this, this.#definition);
    const schemaCheck = eventsSchemaCheck(name, config);
    // One function per table, so that a transaction with many inserts wakes it once.
    this.#inserter = new EventInserter({
      ...this.#definition,
      wake: () => this.#notify(),
      onDuplicateId: () => this.#gaps.doubleGrace(),
      schemaCheck,
      reporting: this.#reporting,
    });
    this.#streams = new EventsTableStreams({
      ...this.#definition,
      gaps: this.#gaps,
      reporting: this.#reporting,
      schemaCheck,
      watcher: this.#notifier,
      notify: () => this.#notify(),
    });
  }

  /** A table of the same name and options but those given here; it shares no notifier with this one, and a reader only where both read alike. */
  abstract clone(options?: EventsTableOptions<T>): EventsTableBase<T, ForeignId>;

  /** The options of a clone. */
  protected optionsWith(options: EventsTableOptions<T>): EventsTableOptions<T> {
    return { ...this.options, ...checkEventsTableOptions(`table ${this.name}`, options) };
  }

  /** Checks a foreign id and makes it the parameter of its column. */
  protected abstract toForeignIdParam(foreignId: ForeignId): string;

  /**
   * Inserts an event through `tx`: your connection, inside your transaction, so that the event commits or rolls back
   * with what it tells of. Given a pool, it commits at once.
   *
   * Inside `transaction()` streams are woken after the commit. In a transaction of your own, call what this resolves with
   * after your commit; without that call, streams find the event by themselves some ms later.
   *
   * @throws ReflexError `unknown_event_type`, `noop_insert`: the type can't be inserted.
   * @throws ReflexError `value_changed`: a column can't keep a value as it is. If the server has changed it already, which it
   * does outside of strict mode, roll your transaction back; `transaction()` refuses to commit it.
   * @throws ReflexError `transaction_lost`: the server rolled your transaction back; do all of it again.
   * @throws ReflexError `wrong_schema`, `time_limit`, `database_error`, with the driver's error as `cause`.
   */
  insert(tx: ExecutorHandle, foreignId: ForeignId, type: T): Promise<Notify> {
    return this.#insertOne(tx, { foreignId, type });
  }

  /**
   * As {@link insert}, with bytes (or text, as UTF-8) that travel with the event.
   * @throws ReflexError `metadata_disabled` without the option `metadataField`.
   */
  // oxlint-disable-next-line max-params -- the signature of Go's rsql
  insertWithMetadata(
    tx: ExecutorHandle,
    foreignId: ForeignId,
    type: T,
    metadata: Uint8Array | string,
  ): Promise<Notify> {
    return this.#insertOne(tx, { foreignId, type, metadata });
  }

  /**
   * Inserts events, in order, in few statements: of up to 1000 events, and of about 1 MB unless one event is larger. All or none on a pool; in a transaction of yours,
   * roll it back when this throws. An empty array does nothing. An error of one event ends in its index.
   */
  async insertMany(tx: ExecutorHandle, events: readonly NewEvent<T, ForeignId>[]): Promise<Notify> {
    if (!Array.isArray(events)) {
      throw typeMistake(
        "invalid_argument",
        `insertMany of ${this.name} takes an array of events, found ${show(events)}`,
      );
    }
    return this.#inserter.insert(
      tx,
      checkEach(events, this.name, (event) => this.#check(event)),
    );
  }

  /**
   * The events after the cursor `after` ("" or "0" for all), in order, without end. It opens nothing until it is read.
   * `db` must be a pool or SQLite handle. `fromHead` overrides `after`.
   * @throws ReflexError `invalid_cursor`
   */
  stream(db: DatabaseHandle, after: string, options: TableStreamOptions = {}): EventStream<T> {
    return this.#streams.open(db, after, options);
  }

  /** A function that streams from `db`, for `run`. Options given to it win over those given here. */
  toStream(db: DatabaseHandle, options: TableStreamOptions = {}): StreamFunc<T> {
    toDatabase(db);
    const checked = checkStreamOptions(options);
    return (after, own = {}) => this.stream(db, after, { ...checked, ...checkStreamOptions(own) });
  }

  /**
   * The highest committed event, noops left out; undefined if there is none. With the option `loader`, the table's highest
   * ids are looked up, and the loader reads their rows.
   * @throws ReflexError `wrong_schema`, `time_limit` or `database_error`; the signal's reason.
   */
  newest(db: DatabaseHandle, options: CallOptions = {}): Promise<ReflexEvent<T> | undefined> {
    return newestEvent<T>(db, this.#definition, options);
  }

  /**
   * How far a cursor is behind: how many committed events follow it, counted up to 10 000, and how old the first of them is
   * by the server's clock. With the option `loader`, rows are counted, noops included, and the loader reads the first.
   * @throws ReflexError `invalid_cursor`, `wrong_schema`, `time_limit` or `database_error`; the signal's reason.
   * @example
   * const { events, oldestMs } = await orders.lag(pool, await cursors.getCursor(pool, "mailer"));
   */
  lag(db: DatabaseHandle, cursor: string, options: CallOptions = {}): Promise<Lag> {
    return lagAfter(db, { definition: this.#definition, cursor }, options);
  }

  /**
   * The cursor of a place, for `cursors.reset` or a stream:
   * - `"start"`: "0", before all events.
   * - `"head"`: everything that commits from now on comes after it. It lies below the first gap in the last 10 000 ids, as an
   *   event may still commit there, so that some events above that gap come too.
   * - `{ time }`: before the first event at or after that time by the table's clock, and below a gap that may still be filled
   *   within 10 000 ids before that event, as for the head. Where no event is that young, the head's cursor.
   * - an id in decimal, which must be 0 or that of a committed row.
   *
   * There is no index on times. The search halves the range of ids, and then reads all rows from 10 minutes before the
   * time. It is exact as long as no event is more than 10 minutes older than one with a lower id.
   * @throws ReflexError `invalid_cursor`, `wrong_schema`, `time_limit` or `database_error`; the signal's reason.
   * @throws TypeError or RangeError `invalid_argument`
   * @example
   * const { cursor, event } = await orders.cursorAt(pool, { time: new Date("2026-11-28T06:00:00Z") });
   */
  cursorAt(db: DatabaseHandle, to: CursorTarget, options: CallOptions = {}): Promise<CursorPlace<T>> {
    return this.#streams.cursorAt(db, to, options);
  }

  /** Calls `listener` once for each gap that a stream of this table sees. Its errors are reported and stop nothing. */
  listenGaps(listener: GapListener): void {
    if (typeof listener !== "function") {
      throw typeMistake("invalid_argument", `a gap listener must be a function, found ${show(listener)}`);
    }
    this.#gaps.listen(listener);
  }

  /** Calls no listener any more. */
  stopGapListener(): void {
    this.#gaps.stopListening();
  }

  #insertOne(tx: ExecutorHandle, event: NewEvent<T, ForeignId>): Promise<Notify> {
    return rejecting(() => this.#inserter.insert(tx, [this.#check(event)]));
  }

  #check({ type, metadata, foreignId }: NewEvent<T, ForeignId>): EventToInsert {
    checkEventType(type, this.#definition);
    const foreignIdParam = this.toForeignIdParam(foreignId);
    return { foreignId: foreignIdParam, type, metadata: toMetadata(metadata, this.#definition) };
  }

  #notify(): void {
    isolated(
      () => this.#notifier.notify(),
      (error) => this.#reporting.error({ activity: "notify", name: this.name, error }),
    );
  }
}
