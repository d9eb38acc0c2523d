import type { Database } from "../../database/database.ts";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { parseTableName } from "../../database/identifiers.ts";
import { ASKING } from "../../database/sessions/heartbeat.ts";
import { slowCalls } from "../../database/sessions/slow-calls.ts";
import { aCount, checkOptions, type OptionChecks } from "../../options/check-options.ts";
import { callChecks, checkCallOptions, checkFlushOptions } from "../../reflex/call-options.ts";
import { aConsumerName, checkConsumerName } from "../../reflex/consumer.ts";
import type { CursorStore, FlushOptions } from "../../reflex/cursor-store.ts";
import { Reporting } from "../../reflex/observer.ts";
import type { PoolUse } from "../../reflex/pool-use.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import type { CursorChangeRecord } from "../requests/cursor-changes.ts";
import type { CursorChange, ForcedRequestOptions } from "../requests/request-options.ts";
import type { TableSchema } from "../schema/table-schema.ts";
import { type CursorInfo, listCursors } from "./cursor-list.ts";
import { type Asked, ask, askReset, askSkip, type ResetOptions, type SkipOptions } from "./cursor-wishes.ts";
import { type CursorsInDatabase, cursorsInDatabase } from "./cursors-in-database.ts";
import {
  type CursorsTableConfig,
  type CursorsTableOptions,
  checkCursorsTableOptions,
  toCursorsTableConfig,
} from "./cursors-table-options.ts";
import { cursorsTableSchema } from "./cursors-table-schema.ts";

/** Which changes to list. */
export interface ListChangesOptions extends CallOptions {
  /** Only what was asked of this consumer. @defaultValue of all */
  consumer?: string | undefined;
  /** The most records. @defaultValue 100 */
  limit?: number | undefined;
}

const changesChecks: OptionChecks<ListChangesOptions> = { ...callChecks, consumer: aConsumerName, limit: aCount };

/**
 * A table of cursors: for each consumer, the id of the last event that it is done with.
 *
 * By default cursors are held back, and written together every 5 s (`asyncPeriodMs`), at `flush()`, at `close()`, and
 * when the process ends by itself. A crash in between makes the last events come again. Each write is a
 * compare-and-set: if another process has moved a cursor, that is kept, and the next `setCursor` of this process says
 * so.
 * @example
 * const cursors = new CursorsTable("cursors");
 * await run({ stream: orders.toStream(pool), cursors: cursors.toStore(pool), consumer });
 */
export class CursorsTable implements AsyncDisposable {
  /** The table's name as it was given. */
  readonly name: string;
  /** How the table is made; for `createTables` and `schemaSql`. */
  readonly schema: TableSchema;
  readonly #options: CursorsTableOptions;
  readonly #config: CursorsTableConfig;
  readonly #databases = new Map<object, CursorsInDatabase>();

  /**
   * `name` is the table's, or `schema.table`.
   * @throws TypeError or RangeError `invalid_option` or `invalid_identifier`, naming the value.
   */
  constructor(name: string, options: CursorsTableOptions = {}) {
    parseTableName(name);
    this.name = name;
    this.#options = checkCursorsTableOptions(`table ${name}`, options);
    this.#config = toCursorsTableConfig(name, this.#options);
    this.schema = cursorsTableSchema(name, this.#config);
  }

  /**
   * The consumer's cursor; "" if it has none. What is held back for the consumer is written first.
   * @throws ReflexError `wrong_schema`, `consumer_name_collision`, `invalid_cursor`, `time_limit` or `database_error`.
   */
  async getCursor(db: DatabaseHandle, consumer: string, options: CallOptions = {}): Promise<string> {
    return this.#in(db).cursors.getCursor(consumer, options);
  }

  /**
   * Moves the consumer's cursor forward.
   * @throws ReflexError `cursor_not_advanced` if the cursor is there or beyond, or if someone else moved it.
   */
  async setCursor(db: DatabaseHandle, consumer: string, cursor: string): Promise<void> {
    await this.#in(db).cursors.setCursor(consumer, cursor);
  }

  /**
   * All cursors in the table, by the names of their consumers.
   * @example
   * for (const { consumer, cursor } of await cursors.list(pool)) {
   *   console.log(consumer, await orders.lag(pool, cursor));
   * }
   */
  async list(db: DatabaseHandle, options: CallOptions = {}): Promise<CursorInfo[]> {
    const checked = checkCallOptions("list", options);
    return listCursors(this.#in(db).rows, checked);
  }

  /**
   * Has the consumer go on at another place, or accept the table as it is: `to` its own cursor. It is a request: the
   * consumer's run finishes the event at hand, moves the cursor and goes on there, within 5 s. Without a run it stays in the
   * consumer's row, and the next run answers it first; with `force` it is done without one if none has answered within `waitMs`.
   * @throws ReflexError `cursor_not_found`, `invalid_cursor` for an id without a row in `events` or another table than the
   * consumer reads, `wrong_schema`.
   * @example
   * await cursors.reset(pool, "order-mailer", { to: { time: new Date("2026-11-01") }, events: orders, reason: "mails lost" });
   */
  async reset(db: DatabaseHandle, consumer: string, options: ResetOptions): Promise<CursorChange> {
    return askReset(this.#asked(db, consumer), this.#config.cursorType, options);
  }

  /**
   * Has the consumer leave out one event that it can't handle, and go on behind it. Events before it are consumed as always.
   * The event is recorded first. It is a request, as {@link reset} is.
   * @throws ReflexError `cursor_not_found`, `wrong_schema`, or `invalid_cursor` if there is no such event, or the cursor has
   * passed it.
   * @example
   * await cursors.skip(pool, "order-mailer", { eventId: "42", events: orders, record: errors.toErrorInserter(pool) });
   */
  async skip(db: DatabaseHandle, consumer: string, options: SkipOptions): Promise<CursorChange> {
    return askSkip(this.#asked(db, consumer), options);
  }

  /** Has the consumer's run deliver nothing until {@link resume}, restarts included. It is a request, as {@link reset} is. */
  async pause(db: DatabaseHandle, consumer: string, options: ForcedRequestOptions = {}): Promise<CursorChange> {
    return ask(this.#asked(db, consumer), "pause", options);
  }

  /** Has a paused or retired consumer go on at its cursor. It is a request, as {@link reset} is. */
  async resume(db: DatabaseHandle, consumer: string, options: ForcedRequestOptions = {}): Promise<CursorChange> {
    return ask(this.#asked(db, consumer), "resume", options);
  }

  /**
   * Ends the consumer for good and keeps its row as a record: its runs end with `consumer_retired`. It is a request, as
   * {@link reset} is.
   */
  async retire(db: DatabaseHandle, consumer: string, options: ForcedRequestOptions = {}): Promise<CursorChange> {
    return ask(this.#asked(db, consumer), "retire", options);
  }

  /**
   * Deletes the consumer's row. Its run ends with `cursor_deleted`; one that starts later begins as a new consumer does. It
   * is a request, as {@link reset} is: without a run, use `force`.
   */
  async delete(db: DatabaseHandle, consumer: string, options: ForcedRequestOptions = {}): Promise<CursorChange> {
    return ask(this.#asked(db, consumer), "delete", options);
  }

  /**
   * Takes back what is asked of the consumer and not answered yet, such as a `skip` of an event that is far off. Resolves with
   * whether there was such a request. Asking something else takes its place too.
   * @throws ReflexError `cursor_not_found`, `wrong_schema`
   */
  async withdraw(db: DatabaseHandle, consumer: string, options: CallOptions = {}): Promise<boolean> {
    checkConsumerName(consumer);
    const checked = checkCallOptions("withdraw", options);
    return this.#in(db).asker.withdraw(consumer, checked);
  }

  /**
   * What was asked of consumers, the newest first: who, when, from where and to where, and what became of it.
   * @throws ReflexError `wrong_schema` without the table of `changesTable`.
   */
  async changes(db: DatabaseHandle, options: ListChangesOptions = {}): Promise<CursorChangeRecord[]> {
    const { consumer, limit = 100, ...limits } = checkOptions("changes", options, changesChecks);
    return (await this.#in(db).changes?.list({ consumer, limit }, limits)) ?? [];
  }

  /** Writes what is held back, in every database, and waits until it is written. */
  async flush(options: FlushOptions = {}): Promise<void> {
    const checked = checkFlushOptions(options);
    await allSettled([...this.#databases.values()].map(({ cursors }) => cursors.flush(checked)));
  }

  /**
   * Makes a table of the same name, with the options of this one but for those given here. It shares nothing with this
   * one.
   */
  clone(options: CursorsTableOptions = {}): CursorsTable {
    const checked = checkCursorsTableOptions(`table ${this.name}`, options);
    const given = Object.fromEntries(Object.entries(checked).filter(([, value]) => value !== undefined));
    return new CursorsTable(this.name, { ...this.#options, ...given });
  }

  /** The cursors of this table in `db`, as a store for `run`. With options, those of a clone. */
  toStore(db: DatabaseHandle, options?: CursorsTableOptions): CursorStore {
    if (options !== undefined) return this.clone(options).toStore(db);
    const { cursors, rows, requests, reporting, waitFor } = this.#in(db);
    const database = toDatabase(db);
    return {
      getCursor: (consumer, callOptions) => cursors.getCursor(consumer, callOptions),
      getPosition: (consumer, callOptions) => cursors.getPosition(consumer, callOptions),
      remedy: (consumer, cursor) => rows.remedy(consumer, cursor),
      requests,
      setCursor: (consumer, cursor, callOptions) => cursors.setCursor(consumer, cursor, callOptions),
      flush: (flushOptions) => cursors.flush(flushOptions),
      whySlow: () => slowCalls(database).whyOfOthers(),
      shortage: () => slowCalls(database).shortage(),
      waitFor,
      pool: poolUseOfCursors(database),
      tellTo: (told) => reporting.lend(told),
      [Symbol.asyncDispose]: () => cursors.close(),
    };
  }

  /**
   * Writes what is held back, and stops the timers. The table can be used again after it. Calling it twice does no
   * harm.
   */
  async close(): Promise<void> {
    await allSettled([...this.#databases.values()].map(({ cursors }) => cursors.close()));
  }

  /** Does what {@link close} does, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #asked(db: DatabaseHandle, consumer: string): Asked {
    return { db, consumer, asker: this.#in(db).asker };
  }

  #in(db: DatabaseHandle): CursorsInDatabase {
    const database = toDatabase(db);
    const known = this.#databases.get(database.identity);
    if (known !== undefined) return known;
    const { observer, logger } = this.#options;
    const reporting = new Reporting([observer], logger);
    const made = cursorsInDatabase({ table: this.name, config: this.#config, database, reporting });
    this.#databases.set(database.identity, made);
    return made;
  }
}

/** What a store needs connections of its pool for. */
function poolUseOfCursors({ identity, poolSize: size }: Database): PoolUse {
  const needs = [
    { connections: 1, what: "cursors to be written" },
    { connections: 1, what: "a lease, which later versions take" },
    ASKING,
  ];
  return { identity, size, needs };
}

/** Waits for all of them, then throws the first failure: what fails in one database must not cut short the others. */
async function allSettled(works: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(works);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
