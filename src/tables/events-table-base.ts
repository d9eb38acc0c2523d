import type { DatabaseHandle, ExecutorHandle } from "../database/handles/handles.ts";
import { toDatabase } from "../database/handles/recognise.ts";
import { parseTableName } from "../database/identifiers.ts";
import { ReflexError, rangeMistake, show, typeMistake } from "../errors/reflex-error.ts";
import { noopEventType } from "../reflex/event.ts";
import { Reporting } from "../reflex/observer.ts";
import type { EventStream, StreamFunc } from "../reflex/stream.ts";
import { isolated } from "../waiting/isolated.ts";
import { setEventSource } from "./events/event-by-id.ts";
import { EventInserter, type EventToInsert } from "./events/event-insert.ts";
import {
  checkEventsTableOptions,
  type EventsTableConfig,
  type EventsTableOptions,
  toEventsTableConfig,
} from "./events/events-table-options.ts";
import { eventsSchemaCheck, eventsTableSchema } from "./events/events-table-schema.ts";
import type { Notify } from "./events/notify.ts";
import { GapControl, type GapListener, setGapControl } from "./gaps/gap-control.ts";
import type { TableSchema } from "./schema/table-schema.ts";
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
  readonly #config: EventsTableConfig;
  readonly #notifier: EventsNotifier;
  readonly #reporting: Reporting;
  readonly #inserter: EventInserter;
  readonly #gaps: GapControl;
  readonly #streams: EventsTableStreams<T>;

  protected constructor(name: string, options: EventsTableOptions<T>, foreignIdType: "text" | "integer") {
    parseTableName(name);
    this.name = name;
    this.options = options;
    this.#config = toEventsTableConfig(`table ${name}`, options);
    this.schema = eventsTableSchema(name, this.#config, foreignIdType);
    this.#notifier = options.notifier ?? inMemoryNotifier();
    this.#reporting = new Reporting([options.observer], options.logger);
    this.#gaps = new GapControl(this.#config.gaps, this.#reporting);
    setGapControl(this, this.#gaps);
    setEventSource(this, { table: name, config: this.#config });
    // One function per table, so that a transaction with many inserts wakes it once.
    this.#inserter = new EventInserter({
      table: name,
      config: this.#config,
      wake: () => this.#notify(),
      onDuplicateId: () => this.#gaps.doubleGrace(),
    });
    this.#streams = new EventsTableStreams({
      table: name,
      config: this.#config,
      gaps: this.#gaps,
      reporting: this.#reporting,
      schemaCheck: eventsSchemaCheck(name, this.#config),
      watcher: this.#notifier,
      notify: () => this.#notify(),
    });
  }

  /** A table of the same name and options but those given here; it shares no notifier, reader or cache with this one. */
  abstract clone(options?: EventsTableOptions<T>): EventsTableBase<T, ForeignId>;

  /** The options of a clone. */
  protected optionsWith(options: EventsTableOptions<T>): EventsTableOptions<T> {
    checkEventsTableOptions(`table ${this.name}`, options);
    return { ...this.options, ...options };
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
   * @throws ReflexError `transaction_lost`: the server rolled your transaction back; do all of it again.
   * @throws ReflexError `wrong_schema`, `time_limit`, `database_error`, with the driver's error as `cause`.
   */
  insert(tx: ExecutorHandle, foreignId: ForeignId, type: T): Promise<Notify> {
    return this.insertMany(tx, [{ foreignId, type }]);
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
    return this.insertMany(tx, [{ foreignId, type, metadata }]);
  }

  /**
   * Inserts events, in order, in as few statements as possible. All or none on a pool; in a transaction of yours,
   * roll it back when this throws. An empty array does nothing.
   */
  async insertMany(tx: ExecutorHandle, events: readonly NewEvent<T, ForeignId>[]): Promise<Notify> {
    if (!Array.isArray(events)) {
      throw typeMistake(
        "invalid_argument",
        `insertMany of ${this.name} takes an array of events, found ${show(events)}`,
      );
    }
    const checked = events.map((event) => this.#check(event));
    return this.#inserter.insert(tx, checked);
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
    checkStreamOptions(options);
    return (after, own = {}) => this.stream(db, after, { ...options, ...checkStreamOptions(own) });
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

  #check(event: NewEvent<T, ForeignId>): EventToInsert {
    const { type, metadata, foreignId } = Object(event) as NewEvent<T, ForeignId>;
    this.#checkType(type);
    return { foreignId: this.toForeignIdParam(foreignId), type, metadata: this.#toMetadata(metadata) };
  }

  #checkType(type: number): void {
    if (!Number.isSafeInteger(type)) {
      throw rangeMistake(
        "invalid_argument",
        `an event type of ${this.name} must be a whole number, found ${show(type)}`,
      );
    }
    if (type === noopEventType) {
      throw new ReflexError(
        "noop_insert",
        `type 0 is a noop, which streams leave out; give events of ${this.name} other types`,
        {
          details: { table: this.name },
        },
      );
    }
    const { types } = this.#config;
    if (types?.has(type) === false) {
      throw new ReflexError(
        "unknown_event_type",
        `type ${type} is not among the types of ${this.name} (${[...types].join(", ")}); add it to the option types`,
        { details: { table: this.name, type } },
      );
    }
  }

  #toMetadata(metadata: unknown): Uint8Array | undefined {
    if (metadata === undefined) return undefined;
    if (this.#config.fields.metadata === undefined && this.#config.inserter === undefined) {
      throw new ReflexError(
        "metadata_disabled",
        `${this.name} has no metadata column; name it in the option metadataField`,
        {
          details: { table: this.name },
        },
      );
    }
    if (typeof metadata === "string") return Buffer.from(metadata);
    if (metadata instanceof Uint8Array) return metadata;
    throw typeMistake(
      "invalid_argument",
      `metadata of an event of ${this.name} must be a Uint8Array or a string, found ${show(metadata)}`,
    );
  }

  #notify(): void {
    isolated(
      () => this.#notifier.notify(),
      (error) => this.#reporting.error({ activity: "notify", name: this.name, error }),
    );
  }
}
