import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { parseTableName } from "../../database/identifiers.ts";
import { checkFlushOptions } from "../../reflex/call-options.ts";
import type { CursorStore, FlushOptions } from "../../reflex/cursor-store.ts";
import { Reporting } from "../../reflex/observer.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import type { TableSchema } from "../schema/table-schema.ts";
import { BufferedCursors } from "./buffered-cursors.ts";
import { CursorRows } from "./cursor-rows.ts";
import { CursorWriter } from "./cursor-writer.ts";
import {
  type CursorsTableConfig,
  type CursorsTableOptions,
  checkCursorsTableOptions,
  toCursorsTableConfig,
} from "./cursors-table-options.ts";
import { cursorsTableSchema } from "./cursors-table-schema.ts";

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
  readonly #buffered = new Map<object, BufferedCursors>();

  /**
   * `name` is the table's, or `schema.table`.
   * @throws TypeError or RangeError `invalid_option` or `invalid_identifier`, naming the value.
   */
  constructor(name: string, options: CursorsTableOptions = {}) {
    parseTableName(name);
    this.name = name;
    this.#options = options;
    this.#config = toCursorsTableConfig(`table ${name}`, options);
    this.schema = cursorsTableSchema(name, this.#config);
  }

  /**
   * The consumer's cursor; "" if it has none. What is held back for the consumer is written first.
   * @throws ReflexError `wrong_schema`, `consumer_name_collision`, `invalid_cursor`, `time_limit` or `database_error`.
   */
  async getCursor(db: DatabaseHandle, consumer: string, options: CallOptions = {}): Promise<string> {
    return this.#cursorsIn(db).getCursor(consumer, options);
  }

  /**
   * Moves the consumer's cursor forward.
   * @throws ReflexError `cursor_not_advanced` if the cursor is there or beyond, or if someone else moved it.
   */
  async setCursor(db: DatabaseHandle, consumer: string, cursor: string): Promise<void> {
    await this.#cursorsIn(db).setCursor(consumer, cursor);
  }

  /** Writes what is held back, in every database, and waits until it is written. */
  async flush(options: FlushOptions = {}): Promise<void> {
    checkFlushOptions(options);
    await allSettled([...this.#buffered.values()].map((cursors) => cursors.flush(options)));
  }

  /**
   * Makes a table of the same name, with the options of this one but for those given here. It shares nothing with this
   * one.
   */
  clone(options: CursorsTableOptions = {}): CursorsTable {
    checkCursorsTableOptions(`table ${this.name}`, options);
    const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    return new CursorsTable(this.name, { ...this.#options, ...given });
  }

  /** The cursors of this table in `db`, as a store for `run`. With options, those of a clone. */
  toStore(db: DatabaseHandle, options?: CursorsTableOptions): CursorStore {
    if (options !== undefined) return this.clone(options).toStore(db);
    const cursors = this.#cursorsIn(db);
    return {
      getCursor: (consumer, callOptions) => cursors.getCursor(consumer, callOptions),
      setCursor: (consumer, cursor, callOptions) => cursors.setCursor(consumer, cursor, callOptions),
      flush: (flushOptions) => cursors.flush(flushOptions),
      [Symbol.asyncDispose]: () => cursors.close(),
    };
  }

  /**
   * Writes what is held back, and stops the timers. The table can be used again after it. Calling it twice does no
   * harm.
   */
  async close(): Promise<void> {
    await allSettled([...this.#buffered.values()].map((cursors) => cursors.close()));
  }

  /** Does what {@link close} does, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #cursorsIn(db: DatabaseHandle): BufferedCursors {
    const database = toDatabase(db);
    const known = this.#buffered.get(database.identity);
    if (known !== undefined) return known;
    const { observer, logger } = this.#options;
    const rows = new CursorRows(this.name, this.#config, database);
    const writer = new CursorWriter({ table: this.name, cursorType: this.#config.cursorType, rows });
    const reporting = new Reporting([observer], logger);
    const cursors = new BufferedCursors({ table: this.name, config: this.#config, rows, writer, reporting });
    this.#buffered.set(database.identity, cursors);
    return cursors;
  }
}

/** Waits for all of them, then throws the first failure: what fails in one database must not cut short the others. */
async function allSettled(works: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(works);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
