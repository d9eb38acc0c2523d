import { sessionsReturned } from "../../database/sessions/borrowed-session.ts";
import { tableError } from "../../database/table-error.ts";
import { ReflexError, rangeMistake, typeMistake } from "../../errors/reflex-error.ts";
import { nameDetail, showName } from "../../errors/show.ts";
import { HIGHEST_ID, parseIntCursor } from "../../reflex/cursor.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import type { CursorTarget } from "../cursors/cursor-wishes.ts";
import { EventSearch, type FoundRow } from "../pages/event-search.ts";
import { HEAD_LOOK_BACK, headStart } from "../position/start-rules.ts";
import { lastOlderId } from "../position/time-search.ts";
import type { TableReader } from "../reader/table-reader.ts";
import type { FeedSource } from "./feed.ts";
import { floorBelow } from "./start.ts";

/** A cursor, and the row at it. */
export interface CursorPlace<T extends number = number> {
  /** The cursor, in decimal; "0" at the table's start. */
  readonly cursor: string;
  /** The row at the cursor, which may be a noop. Undefined at the table's start. Its position goes with the cursor. */
  readonly event: ReflexEvent<T> | undefined;
}

/** A target that was checked: an id, a time in microseconds, or a name. */
export type CheckedTarget = "start" | "head" | { readonly id: bigint } | { readonly sinceMicros: number };

/** @throws TypeError or RangeError `invalid_argument`, ReflexError `invalid_cursor` */
export function checkTarget(to: CursorTarget): CheckedTarget {
  if (to === "start" || to === "head") return to;
  if (typeof to === "string") return { id: parseId(to) };
  const time: unknown = Object(to).time;
  if (!(time instanceof Date)) {
    throw typeMistake(
      "invalid_argument",
      `a place in a table is "start", "head", the id of a row, or { time: a Date }, found ${showName(to)}`,
    );
  }
  const timeMs = time.getTime();
  if (Number.isNaN(timeMs)) throw rangeMistake("invalid_argument", "the time for cursorAt must be a valid Date");
  return { sinceMicros: timeMs * 1000 };
}

function parseId(id: string): bigint {
  try {
    return parseIntCursor(id);
  } catch (cause) {
    const message = `a place in a table is "start", "head", the id of a row in decimal, or { time: a Date }, found ${showName(id)}`;
    throw new ReflexError("invalid_cursor", message, { cause, details: { cursor: nameDetail(id) } });
  }
}

/** Opens a reader of the table, finds the cursor, and gives all connections back. */
export async function findCursor(source: FeedSource, target: CheckedTarget): Promise<CursorPlace> {
  const { schemaCheck, database, table, config, signal } = source;
  if (target === "start") return toPlace({ id: 0n, event: undefined });
  const limits = { signal, timeoutMs: config.statementTimeoutMs, acquireTimeoutMs: config.acquireTimeoutMs };
  const description = await schemaCheck.pass(database, limits);
  signal.throwIfAborted();
  const { reader, giveBack } = source.lendReader(description);
  try {
    return toPlace(await new CursorFinder(reader, source).find(target));
  } catch (error) {
    throw tableError(error, { table, activity: "read", signal });
  } finally {
    giveBack();
    await sessionsReturned();
  }
}

/** Finds the cursor of a place in one table. */
class CursorFinder {
  readonly #reader: TableReader;
  readonly #source: FeedSource;
  readonly #search: EventSearch;

  constructor(reader: TableReader, source: FeedSource) {
    this.#reader = reader;
    this.#source = source;
    this.#search = new EventSearch(source, reader.pages);
  }

  find(target: Exclude<CheckedTarget, "start">): Promise<FoundRow> {
    if (target === "head") return this.#below(HIGHEST_ID);
    return "id" in target ? this.#rowOf(target.id) : this.#before(target.sinceMicros);
  }

  /** @throws ReflexError `invalid_cursor` if no row has this id */
  async #rowOf(id: bigint): Promise<FoundRow> {
    const row = await this.#search.lastRow(id, this.#source.signal);
    if (row.id === id) return row;
    const { table } = this.#source;
    const message = `row ${id} of ${table} does not exist, at least not yet; give the id of a row that is committed, such as ${row.id}, or "start", "head" or a time`;
    throw new ReflexError("invalid_cursor", message, { details: { table, cursor: String(id) } });
  }

  /**
   * The last row before the first event of this time or later, below which nothing may still commit. Whatever commits
   * meanwhile lies above the head, which is read first.
   */
  async #before(sinceMicros: number): Promise<FoundRow> {
    const head = await this.#below(HIGHEST_ID);
    let first = await this.#firstSince(sinceMicros);
    while (first !== undefined && BigInt(first.id) <= head.id) {
      const id = BigInt(first.id);
      const place = await this.#below(id - 1n);
      const recent = id > HEAD_LOOK_BACK ? id - BigInt(HEAD_LOOK_BACK) : 1n;
      // Between the search and the look for gaps, one of them may have become an event.
      first = await this.#search.first({ from: recent, to: place.id }, this.#source.signal, sinceMicros);
      if (first === undefined) return place;
    }
    return head;
  }

  async #firstSince(sinceMicros: number): Promise<ReflexEvent | undefined> {
    const { pages } = this.#reader;
    const { signal } = this.#source;
    const { lowest, highest } = await pages.readEdges();
    if (lowest === undefined || highest === undefined) return undefined;
    const older = await lastOlderId({ from: lowest, to: highest }, sinceMicros, (range) => {
      signal.throwIfAborted();
      return this.#search.first(range, signal);
    });
    return this.#search.first({ from: older + 1n, to: HIGHEST_ID }, signal, sinceMicros);
  }

  /** The last row up to this id that lies below each gap which may still be filled by an event. */
  async #below(id: bigint): Promise<FoundRow> {
    const { database, signal } = this.#source;
    signal.throwIfAborted();
    if (!database.dialect.gapsCanClose) return this.#search.lastRow(id, signal);
    const ids = await this.#reader.pages.readRecentIds(id);
    const [lowest] = ids;
    if (lowest === undefined) return { id: 0n, event: undefined };
    const { after } = headStart(ids, await floorBelow(this.#reader, lowest, signal));
    return this.#search.lastRow(after, signal);
  }
}

function toPlace({ id, event }: FoundRow): CursorPlace {
  return { cursor: String(id), event };
}
