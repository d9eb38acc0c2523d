import { meaningOf } from "../../database/sql-errors.ts";
import { tableError } from "../../database/table-error.ts";
import { isMistake, isReflexError, ReflexError } from "../../errors/reflex-error.ts";
import { isError } from "../../errors/thrown.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import type { CursorRows, FoundCursors, StoredCursor } from "./cursor-rows.ts";
import { type CursorType, isSamePlace } from "./cursor-type.ts";

/**
 * A cursor to be written, and the one at which this process last knew the consumer to be: undefined if it had no row.
 */
export interface CursorWrite {
  readonly consumer: string;
  readonly from: string | undefined;
  readonly to: string;
  /** The position at `to`; undefined if it is unknown. */
  readonly position: string | undefined;
}

/** What became of a {@link CursorWrite}. */
export type WriteOutcome =
  | { readonly result: "written" }
  /** Someone else has moved or removed the cursor, and that was kept. */
  | { readonly result: "kept"; readonly found: StoredCursor | undefined }
  /** The cursor can't be written, neither now nor later. */
  | { readonly result: "refused"; readonly error: ReflexError }
  /**
   * The cursor may have been written or not, since the server's answer was lost. The error that is thrown tells why.
   */
  | { readonly result: "unanswered" }
  /** The cursor was not written, and may be later. */
  | { readonly result: "failed"; readonly error: unknown };

/** Told what became of each write as soon as that is known. */
export type Settle = (consumer: string, outcome: WriteOutcome) => void;

/** The cursors that one call writes, all added or all moved. */
interface WriteJob {
  readonly options: CallOptions;
  readonly settle: Settle;
  /** Writes some of them in one statement, and settles those. */
  execute(writes: readonly CursorWrite[]): Promise<void>;
}

export interface CursorWriterSource {
  readonly table: string;
  readonly cursorType: CursorType;
  readonly rows: CursorRows;
}

/** Writes many cursors in few statements, and finds out what became of each. */
export class CursorWriter {
  readonly #source: CursorWriterSource;

  constructor(source: CursorWriterSource) {
    this.#source = source;
  }

  /**
   * Writes cursors, each only if it still is where this process knew it to be. A failure that concerns one of them
   * alone is its outcome. A failure that concerns all of them is thrown; those that were not settled by then have not
   * been written.
   */
  async write(writes: readonly CursorWrite[], options: CallOptions, settle: Settle): Promise<void> {
    const { rows } = this.#source;
    const insert = async (some: readonly CursorWrite[]): Promise<void> => {
      await rows.insert(some, options);
      await this.#compare(some, options, settle);
    };
    const move = async (some: readonly CursorWrite[]): Promise<void> => {
      const moves = some.map(({ from = "", ...write }) => ({ ...write, from }));
      if ((await rows.move(moves, options)) < some.length) return this.#compare(some, options, settle);
      for (const { consumer } of some) settle(consumer, { result: "written" });
    };
    // All processes write in one order, so that two of them don't wait for each other's rows.
    const sorted = writes.toSorted((a, b) => (a.consumer < b.consumer ? -1 : 1));
    const added = sorted.filter(({ from }) => from === undefined);
    const moved = sorted.filter(({ from }) => from !== undefined);
    await this.#inParts(added, rows.mostConsumers, { options, settle, execute: insert });
    await this.#inParts(moved, rows.mostConsumers, { options, settle, execute: move });
  }

  async #inParts(writes: readonly CursorWrite[], size: number, job: WriteJob): Promise<void> {
    for (let start = 0; start < writes.length; start += size) {
      // oxlint-disable-next-line eslint/no-await-in-loop -- at once they would take the pool's connections from others
      await this.#attempt(writes.slice(start, start + size), size, job);
    }
  }

  /**
   * Writes some cursors in one statement. If a row is locked, or refused by the server, the others are written without
   * it.
   */
  async #attempt(writes: readonly CursorWrite[], size: number, job: WriteJob): Promise<void> {
    try {
      await job.execute(writes);
    } catch (error) {
      const [only] = writes;
      const explained = tableError(error, { table: this.#source.table, activity: "write", signal: job.options.signal });
      if (!concernsOneRow(error) || only === undefined) {
        if (isReflexError(error, "commit_outcome_unknown")) settleUnanswered(writes, job.settle);
        throw explained;
      }
      if (writes.length > 1) return this.#inParts(writes, size / 10, job);
      job.settle(only.consumer, { result: "failed", error: explained });
    }
  }

  /**
   * Finds out, by reading them, which cursors were written. One that is where it should be counts as written, whoever
   * has put it there.
   */
  async #compare(writes: readonly CursorWrite[], options: CallOptions, settle: Settle): Promise<void> {
    const found = await this.#readEach(writes, options).catch((error: unknown) => {
      settleUnanswered(writes, settle);
      throw error;
    });
    for (const { consumer, to } of writes) {
      const row = found.get(consumer);
      if (row instanceof ReflexError) settle(consumer, { result: "refused", error: row });
      else if (row !== undefined && isSamePlace(this.#source.cursorType, row.cursor, to)) {
        settle(consumer, { result: "written" });
      } else settle(consumer, { result: "kept", found: row });
    }
  }

  async #readEach(writes: readonly CursorWrite[], options: CallOptions): Promise<FoundCursors> {
    const { rows } = this.#source;
    const consumers = writes.map(({ consumer }) => consumer);
    const found = new Map(await rows.readAll(consumers, options));
    for (const consumer of consumers) {
      if (found.has(consumer)) continue;
      // The column may have taken another name for this one. Asked for alone, that name's row shows.
      // oxlint-disable-next-line eslint/no-await-in-loop -- rare, and one connection is enough
      const row = (await rows.readAll([consumer], options)).get(consumer);
      if (row !== undefined) found.set(consumer, row);
    }
    return found;
  }
}

function settleUnanswered(writes: readonly CursorWrite[], settle: Settle): void {
  for (const { consumer } of writes) settle(consumer, { result: "unanswered" });
}

/** Whether the same statement could succeed without one of its rows: a row that is locked, or values that are refused. */
function concernsOneRow(error: unknown): boolean {
  if (!isError(error) || isReflexError(error) || isMistake(error)) return false;
  const meaning = meaningOf(error);
  if (meaning === "lock_timeout" || meaning === "duplicate_key") return true;
  const { errno, code, sqlState } = error as { errno?: unknown; code?: unknown; sqlState?: unknown };
  // Classes of SQL states: data exceptions, constraints, and what triggers raise. MySQL gives two such errors the
  // general state.
  if (typeof sqlState === "string" && /^(?:22|23|44|45)/.test(sqlState)) return true;
  return errno === 1366 || errno === 3819 || (typeof code === "string" && code.startsWith("SQLITE_CONSTRAINT"));
}
