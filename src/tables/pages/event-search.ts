import type { ReflexEvent } from "../../reflex/event.ts";
import { eventColumns, eventCondition } from "../events/event-columns.ts";
import { checkTimes, type EventRow, isNoopOf, toEvent } from "../events/event-row.ts";
import type { TableContext } from "../events/table-context.ts";
import type { IdRange } from "../position/time-search.ts";
import type { PageReader } from "./page-reader.ts";

// How many events a loader is asked for at once, to find one that is no noop, and to find one of a certain age.
const LOADED_TO_SKIP_NOOPS = 10;
const LOADED_TO_SEARCH = 1000;

/** A row by its id. */
export interface FoundRow {
  /** 0 if there is none. */
  readonly id: bigint;
  /** Undefined also if the table's loader does not give it. */
  readonly event: ReflexEvent | undefined;
}

/** Finds rows of one events table by id and by time, noops left out or not. */
export class EventSearch {
  readonly #context: TableContext;
  readonly #pages: PageReader;
  readonly #id: string;

  constructor(context: TableContext, pages: PageReader) {
    this.#context = context;
    this.#pages = pages;
    this.#id = `t.${context.database.dialect.quote(context.config.fields.id)}`;
  }

  /** The first event in the range that is no noop; with `sinceMicros`, the first of that time or later. */
  async first(range: IdRange, signal: AbortSignal, sinceMicros?: number): Promise<ReflexEvent | undefined> {
    if (this.#context.config.loader !== undefined) return this.#firstLoaded(range, signal, sinceMicros);
    const { database, config, table } = this.#context;
    const { dialect } = database;
    const { integerParam: param } = dialect;
    const micros = dialect.eventMicros(`t.${dialect.quote(config.fields.time)}`, config.time);
    // A time that can't be read is an error, not a time that is too early.
    const unreadable = config.time.zone === undefined ? "" : ` or ${micros} is null`;
    const young = sinceMicros === undefined ? "" : ` and (${micros} >= ${param}${unreadable})`;
    const { rows } = await this.#pages.rows<EventRow>(
      `select ${eventColumns(dialect, config, { values: "none" })} from ${dialect.quote(table)} as t where ${this.#id} between ${param} and ${param} and ${eventCondition(dialect, config)}${young} order by ${this.#id} limit 1`,
      [range.from, range.to, config.noopForeignId, ...(sinceMicros === undefined ? [] : [sinceMicros])].map(String),
    );
    checkTimes(rows, this.#context);
    const [row] = rows;
    return row === undefined ? undefined : toEvent(row);
  }

  /** The last row up to this id, noops included. */
  async lastRow(upTo: bigint, signal: AbortSignal): Promise<FoundRow> {
    const { database, table } = this.#context;
    const { dialect } = database;
    const { rows } = await this.#pages.rows<{ id_text: string }>(
      `select ${dialect.asText(this.#id)} as id_text from ${dialect.quote(table)} as t where ${this.#id} <= ${dialect.integerParam} order by ${this.#id} desc limit 1`,
      [String(upTo)],
    );
    const [row] = rows;
    if (row === undefined) return { id: 0n, event: undefined };
    const first = await this.#pages.readRow(BigInt(row.id_text), signal);
    return { id: BigInt(row.id_text), event: first?.id === row.id_text ? first : undefined };
  }

  async #firstLoaded(
    { from, to }: IdRange,
    signal: AbortSignal,
    sinceMicros = Number.NEGATIVE_INFINITY,
  ): Promise<ReflexEvent | undefined> {
    const { config } = this.#context;
    const limit = sinceMicros === Number.NEGATIVE_INFINITY ? LOADED_TO_SKIP_NOOPS : LOADED_TO_SEARCH;
    for (let next = from; next <= to; ) {
      const page = await this.#pages.read(next, { rows: limit }, signal);
      if (page.last === undefined) return undefined;
      const found = page.takeEvents().find((event) => !isNoopOf(event, config) && event.timestampMicros >= sinceMicros);
      if (found !== undefined) return BigInt(found.id) <= to ? found : undefined;
      next = BigInt(page.last.id) + 1n;
    }
    return undefined;
  }
}
