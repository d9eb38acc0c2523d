import type { SqlParam } from "../../database/database.ts";
import {
  type EpochRows,
  type ReadOptions,
  type SharedSession,
  shareSession,
} from "../../database/sessions/shared-session.ts";
import type { AskFree } from "../../database/sessions/slow-calls.ts";
import { meaningOf } from "../../database/sql-errors.ts";
import { tableError } from "../../database/table-error.ts";
import { isReflexError, ReflexError } from "../../errors/reflex-error.ts";
import { HIGHEST_ID } from "../../reflex/cursor.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import type { WaitCause } from "../../reflex/wait-cause.ts";
import { areAsExpected, type PlainColumns } from "../events/event-columns.ts";
import { callLoader } from "../events/event-loader.ts";
import { checkTimes, type EventRow, toEvent } from "../events/event-row.ts";
import type { EventsLoader } from "../events/loader-and-inserter.ts";
import { checkLostValues } from "../events/lost-values.ts";
import type { TableContext } from "../events/table-context.ts";
import type { TableEdges } from "../position/judge-poll.ts";
import { HEAD_LOOK_BACK } from "../position/start-rules.ts";
import { EventSelect, type WantedValues } from "./event-select.ts";
import { pageOfEvents, type ReadPage, RowPage } from "./read-page.ts";

// MySQL gives an AUTO_INCREMENT counter that may be a day old, unless it is told not to. To other servers this is a comment.
const FRESH = "/*+ set_var(information_schema_stats_expiry = 0) */";

// By how many ids rows are asked for at once: few numbers, since each is a statement that the server has to prepare.
const ID_COUNTS: readonly number[] = [1, 4, 16, 64, 256];
/** By how many ids rows can be asked for at once. */
export const MOST_IDS: number = Math.max(...ID_COUNTS);

/** How much one read may take. */
export interface PageLimit {
  readonly rows: number;
  /** Which metadata and traces come with the rows. A loader gives them all. @defaultValue "all" */
  readonly values?: WantedValues;
}

interface Wanted {
  readonly from: bigint;
  readonly limit: PageLimit;
  readonly signal: AbortSignal | undefined;
}

/** The reads on one events table. */
export class PageReader {
  readonly #context: TableContext;
  readonly #session: SharedSession;
  readonly #readOptions: ReadOptions;
  readonly #select: EventSelect;
  readonly #table: string;
  readonly #id: string;

  /** Without `plainColumns`, of a table that was not looked at, the server casts all columns. */
  constructor(context: TableContext, plainColumns?: PlainColumns) {
    this.#context = context;
    const { table, config, database } = context;
    const { dialect } = database;
    this.#session = shareSession(database);
    const { acquireTimeoutMs, statementTimeoutMs } = config;
    this.#readOptions = { subject: table, acquireTimeoutMs, statementTimeoutMs };
    this.#select = new EventSelect(dialect, config, plainColumns);
    this.#table = `${dialect.quote(table)} as t`;
    this.#id = `t.${dialect.quote(config.fields.id)}`;
  }

  /** The epoch of a read that would be made now; see {@link SharedSession.epoch}. */
  get epoch(): number {
    return this.#session.epoch;
  }

  /** Events with at least this id, ascending. The signal ends a loader only; the table's own query runs on. */
  async read(from: bigint, limit: PageLimit, signal?: AbortSignal): Promise<ReadPage> {
    const { table, reporting, config } = this.#context;
    const startedAt = performance.now();
    const page =
      config.loader === undefined
        ? await this.#readTable(from, limit)
        : await this.#load(config.loader, { from, limit, signal });
    if (reporting.wants("poll")) {
      const durationMs = performance.now() - startedAt;
      reporting.tell("poll", { table, after: String(from), rows: page.length, durationMs });
    }
    return page;
  }

  /** The first row with at least this id, without its values. */
  async readRow(from: bigint, signal: AbortSignal): Promise<ReflexEvent | undefined> {
    return (await this.read(from, { rows: 1, values: "none" }, signal)).first;
  }

  /** The rows with these ids, ascending, with their values. At most {@link MOST_IDS}. */
  readIds(ids: readonly string[]): Promise<EpochRows<EventRow>> {
    const { integerParam } = this.#context.database.dialect;
    const count = ID_COUNTS.find((most) => most >= ids.length) ?? MOST_IDS;
    const params = [...ids, ...Array.from({ length: count - ids.length }, () => ids[0] ?? "0")];
    const places = params.map(() => integerParam).join(", ");
    return this.#eventRows(`where ${this.#id} in (${places}) order by ${this.#id}`, params, "all");
  }

  /** The first row from this id on that is no noop, or the first row if there is none; without its values. */
  async readFirstEvent(from: bigint, signal: AbortSignal): Promise<ReflexEvent | undefined> {
    const { config, database } = this.#context;
    if (config.loader !== undefined) return this.readRow(from, signal);
    const type = `t.${database.dialect.quote(config.fields.type)}`;
    const { rows } = await this.#eventRows(
      `where ${this.#id} >= ${database.dialect.integerParam} and ${type} <> 0 order by ${this.#id} limit 1`,
      [String(from)],
      "none",
    );
    const [row] = rows;
    return row === undefined ? this.readRow(from, signal) : toEvent(row);
  }

  /** The highest committed id; 0 in an empty table. */
  async readHead(): Promise<bigint> {
    return (await this.readEdges()).highest ?? 0n;
  }

  /** Where the table begins and ends, and what id comes next. */
  async readEdges(): Promise<TableEdges> {
    const { database, table } = this.#context;
    const { dialect } = database;
    const { rows } = await this.rows<{ lowest: string | null; highest: string | null; next_id: string | null }>(
      `select ${FRESH} ${dialect.asText(`min(${this.#id})`)} as lowest, ${dialect.asText(`max(${this.#id})`)} as highest, ${dialect.nextId(table)} as next_id from ${this.#table}`,
      [],
    );
    const [row] = rows;
    return { lowest: toId(row?.lowest), highest: toId(row?.highest), nextId: toId(row?.next_id) };
  }

  /** The committed ids of the last {@link HEAD_LOOK_BACK} up to this one, ascending, as one consistent read. */
  async readRecentIds(upTo: bigint = HIGHEST_ID): Promise<bigint[]> {
    const { database, table, config } = this.#context;
    const { dialect } = database;
    const upToParam = `<= ${dialect.integerParam}`;
    const headId = `h.${dialect.quote(config.fields.id)}`;
    // MariaDB takes max() for a constant, and would read the whole index for any other subquery. A column without negative
    // numbers refuses a difference that is below 0.
    const head = `(select ${dialect.asInteger(`max(${headId})`)} from ${dialect.quote(table)} as h where ${headId} ${upToParam})`;
    const { rows } = await this.rows<{ id_text: string }>(
      `select ${dialect.asText(this.#id)} as id_text from ${this.#table} where ${this.#id} > ${head} - ${HEAD_LOOK_BACK} and ${this.#id} ${upToParam} order by ${this.#id}`,
      [String(upTo), String(upTo)],
    );
    return rows.map((row) => BigInt(row.id_text));
  }

  /** The server's clock in microseconds since 1970. */
  async readClockMicros(): Promise<number> {
    const { rows } = await this.rows<{ now_micros: string | number | bigint }>(
      `select ${this.#context.database.dialect.nowMicros} as now_micros`,
      [],
    );
    return Number(rows[0]?.now_micros);
  }

  /** Runs a query on the connection through which the table is read. */
  async rows<R extends object>(sql: string, params: readonly SqlParam[]): Promise<EpochRows<R>> {
    const { table } = this.#context;
    try {
      return await this.#session.rows<R>(sql, params, this.#readOptions);
    } catch (error) {
      throw tableError(error, { table, activity: "read" });
    }
  }

  /** Why reads take long that are under way; undefined if none does, or nothing is in their way. */
  whySlow(): Promise<WaitCause | undefined> {
    return this.#session.whySlow(this.#context.table);
  }

  /** Asks a question on the connection through which the table is read, if no read is under way on it. */
  readonly askFree: AskFree = (question) => this.#session.askFree(question);

  close(): void {
    this.#session.close();
  }

  async #readTable(from: bigint, limit: PageLimit): Promise<ReadPage> {
    const { rows, epoch } = await this.#eventRows(
      `where ${this.#id} >= ${this.#context.database.dialect.integerParam} order by ${this.#id} limit ${limit.rows}`,
      [String(from)],
      limit.values ?? "all",
    );
    const bounded = typeof limit.values === "number";
    return new RowPage(rows, { epoch, asked: limit.rows, bounded, toEvents: (some) => this.#toEvents(some) });
  }

  /** Rows of events. If a column is of another type than it was, they are read again, and from then on, with casts. */
  async #eventRows(condition: string, params: readonly string[], values: WantedValues): Promise<EpochRows<EventRow>> {
    const select = (): Promise<EpochRows<EventRow>> =>
      this.rows(`select ${this.#select.columns(values)} from ${this.#table} ${condition}`, params);
    const { table, config } = this.#context;
    let read = await select();
    if (!areAsExpected(read.rows, config.fields)) {
      this.#select.castAll();
      read = await select();
    }
    checkLostValues(read.rows, table);
    return read;
  }

  /** Makes events of rows. That no id is missing shows by the number of rows, but only if they ascend: that is checked here. */
  #toEvents(rows: readonly EventRow[]): ReflexEvent[] {
    checkTimes(rows, this.#context);
    const events: ReflexEvent[] = [];
    let previous: EventRow | undefined;
    for (const row of rows) {
      if (previous !== undefined && !isAbove(row.id_value, previous.id_value)) {
        throw notAscending(this.#context.table, previous, row);
      }
      previous = row;
      events.push(toEvent(row));
    }
    return events;
  }

  async #load(loader: EventsLoader, { from, limit, signal }: Wanted): Promise<ReadPage> {
    const { table, config } = this.#context;
    const { statementTimeoutMs: timeoutMs } = config;
    const after = from === 0n ? 0n : from - 1n;
    try {
      const { rows, epoch } = await this.#session.read(
        (session) => callLoader(session, { table, loader, after, limit: limit.rows, signal, timeoutMs }),
        this.#readOptions,
      );
      return pageOfEvents(rows, { epoch, asked: limit.rows });
    } catch (error) {
      if (signal?.aborted === true || (meaningOf(error) === "other" && !isReflexError(error))) throw error;
      throw tableError(error, { table, activity: "load the events of" });
    }
  }
}

function isAbove(id: EventRow["id_value"], other: EventRow["id_value"]): boolean {
  return typeof id === "number" && typeof other === "number" ? id > other : BigInt(id) > BigInt(other);
}

function notAscending(table: string, previous: EventRow, row: EventRow): ReflexError {
  return new ReflexError(
    "non_consecutive_event",
    `the server returned row ${row.id_value} of ${table} after ${previous.id_value}, in spite of ORDER BY: check the table with CHECK TABLE`,
    { details: { table, previous: String(previous.id_value), id: String(row.id_value) } },
  );
}

function toId(text: string | null | undefined): bigint | undefined {
  return text === null || text === undefined ? undefined : BigInt(text);
}
