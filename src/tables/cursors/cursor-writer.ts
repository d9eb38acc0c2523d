import type { Database, RunResult } from "../../database/database.ts";
import { meaningOf } from "../../database/sql-errors.ts";
import type { Statement } from "../../database/statement.ts";
import { tableError } from "../../database/table-error.ts";
import { isReflexError, ReflexError } from "../../errors/reflex-error.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import { checkFits } from "../schema/column-capacity.ts";
import type { SchemaCheck } from "../schema/schema-check.ts";
import type { ColumnDescription, TableDescription } from "../schema/table-columns.ts";
import { collision, concernsOneRow } from "./cursor-failure.ts";
import { CURSOR_STATEMENT_SIZES, type CursorRow, CursorStatements } from "./cursor-statements.ts";
import { castCursor, isSamePlace } from "./cursor-type.ts";
import { cursorsSchemaCheck } from "./cursors-schema-check.ts";
import type { CursorsTableConfig } from "./cursors-table-options.ts";

/** A cursor as it stands in the table. */
export interface StoredCursor {
  readonly cursor: string;
  /** When it was written, as text. */
  readonly time: string;
}

/** A cursor to be written, and where this process last knew it to be; undefined if it had no row. */
export interface CursorWrite {
  readonly consumer: string;
  readonly from: string | undefined;
  readonly to: string;
}

/** What became of a {@link CursorWrite}. */
export type WriteOutcome =
  | { readonly result: "written" }
  /** Someone else has moved it, or removed it, and that was kept. */
  | { readonly result: "kept"; readonly found: StoredCursor | undefined }
  /** It can't be written, now or later. */
  | { readonly result: "refused"; readonly error: ReflexError }
  /** It may have been written or not: the answer was lost. What is thrown then tells why. */
  | { readonly result: "unanswered" }
  /** It may be written later. */
  | { readonly result: "failed"; readonly error: unknown };

/** Told what became of each write, as soon as it is known. */
export type Settle = (consumer: string, outcome: WriteOutcome) => void;

/** Cursors by consumer, or why one can't be used. */
type FoundCursors = Map<string, StoredCursor | ReflexError>;

/** One writing of some cursors. */
interface WriteJob {
  readonly options: CallOptions;
  readonly settle: Settle;
  execute(writes: readonly CursorWrite[]): Promise<void>;
}

const LARGEST_STATEMENT = CURSOR_STATEMENT_SIZES[CURSOR_STATEMENT_SIZES.length - 1] ?? 1;
const MOST_TRIES = 3;

/** Reads and writes the rows of a cursors table in one database. Knows nothing of what was read or written before. */
export class CursorWriter {
  readonly #table: string;
  readonly #config: CursorsTableConfig;
  readonly #database: Database;
  readonly #schemaCheck: SchemaCheck;
  #description: TableDescription | undefined;
  #cursorColumn: ColumnDescription | undefined;
  #knownStatements: CursorStatements | undefined;

  constructor(table: string, config: CursorsTableConfig, database: Database) {
    this.#table = table;
    this.#config = config;
    this.#database = database;
    this.#schemaCheck = cursorsSchemaCheck(table, config);
  }

  /**
   * The consumer's row.
   * @throws ReflexError `consumer_name_collision` if the column takes another name for this one, `wrong_schema` if it
   * can't hold the name.
   */
  async read(consumer: string, options: CallOptions): Promise<StoredCursor | undefined> {
    await this.#statements(options);
    this.#checkColumn(this.#config.fields.id, consumer);
    const found = (await this.#readAll([consumer], options)).get(consumer);
    if (found instanceof ReflexError) throw found;
    return found;
  }

  /** @throws ReflexError `wrong_schema` if the columns can't hold them; only once the table was read. */
  checkFits(consumer: string, cursor: string): void {
    this.#checkColumn(this.#config.fields.id, consumer);
    this.checkCursorFits(String(castCursor(this.#config.cursorType, cursor)));
  }

  /** As {@link checkFits}, for another cursor, in plain decimal, of a consumer whose name does. */
  checkCursorFits(cursor: string): void {
    if (this.#cursorColumn !== undefined) checkFits(this.#table, this.#cursorColumn, cursor);
  }

  /**
   * Writes cursors, each only if it still is where it was. What fails for one alone is its outcome; what fails for all
   * is thrown, and those not settled by then have not been written.
   */
  async write(writes: readonly CursorWrite[], options: CallOptions, settle: Settle): Promise<void> {
    const statements = await this.#statements(options);
    const insert = async (some: readonly CursorWrite[]): Promise<void> => {
      await this.#run(statements.insert(some), options);
      await this.#compare(some, options, settle);
    };
    const move = async (some: readonly CursorWrite[]): Promise<void> => {
      const moves = some.map(({ consumer, from = "", to }) => ({ consumer, from, to }));
      const { affectedRows } = await this.#run(statements.move(moves), options);
      if (affectedRows < some.length) return this.#compare(some, options, settle);
      for (const { consumer } of some) settle(consumer, { result: "written" });
    };
    // In one order everywhere, so that two processes don't wait for each other's rows.
    const sorted = writes.toSorted((a, b) => (a.consumer < b.consumer ? -1 : 1));
    const added = sorted.filter(({ from }) => from === undefined);
    const moved = sorted.filter(({ from }) => from !== undefined);
    await this.#inParts(added, LARGEST_STATEMENT, { options, settle, execute: insert });
    await this.#inParts(moved, LARGEST_STATEMENT, { options, settle, execute: move });
  }

  async #inParts(writes: readonly CursorWrite[], size: number, job: WriteJob): Promise<void> {
    for (let start = 0; start < writes.length; start += size) {
      // oxlint-disable-next-line eslint/no-await-in-loop -- at once they would take the pool's connections from others
      await this.#attempt(writes.slice(start, start + size), size, job);
    }
  }

  /** One row that is locked, or that the server refuses, must not keep the others from being written. */
  async #attempt(writes: readonly CursorWrite[], size: number, job: WriteJob): Promise<void> {
    try {
      await job.execute(writes);
    } catch (error) {
      const [only] = writes;
      const explained = tableError(error, { table: this.#table, activity: "write", signal: job.options.signal });
      if (!concernsOneRow(error) || only === undefined) {
        if (isReflexError(error, "commit_outcome_unknown")) settleUnanswered(writes, job.settle);
        throw explained;
      }
      if (writes.length > 1) return this.#inParts(writes, size / 10, job);
      job.settle(only.consumer, { result: "failed", error: explained });
    }
  }

  /** Finds out which were written by reading them: a cursor that is where we wanted it counts, whoever's answer was lost. */
  async #compare(writes: readonly CursorWrite[], options: CallOptions, settle: Settle): Promise<void> {
    const found = await this.#readEach(writes, options).catch((error: unknown) => {
      settleUnanswered(writes, settle);
      throw error;
    });
    for (const { consumer, to } of writes) {
      const row = found.get(consumer);
      if (row instanceof ReflexError) settle(consumer, { result: "refused", error: row });
      else if (row !== undefined && isSamePlace(this.#config.cursorType, row.cursor, to)) {
        settle(consumer, { result: "written" });
      } else settle(consumer, { result: "kept", found: row });
    }
  }

  async #readEach(writes: readonly CursorWrite[], options: CallOptions): Promise<FoundCursors> {
    const consumers = writes.map(({ consumer }) => consumer);
    const found = await this.#readAll(consumers, options);
    for (const consumer of consumers) {
      if (found.has(consumer)) continue;
      // It may have met a row of a name that the column takes for its own; asked for alone, it shows which.
      // oxlint-disable-next-line eslint/no-await-in-loop -- rare, and one connection is enough
      const row = (await this.#readAll([consumer], options)).get(consumer);
      if (row !== undefined) found.set(consumer, row);
    }
    return found;
  }

  /** The rows of these consumers, or why one can't be used. A row of another name is told only to one asked for alone. */
  async #readAll(consumers: readonly string[], options: CallOptions): Promise<FoundCursors> {
    const { sql, params } = (await this.#statements(options)).read(consumers);
    const rows = await this.#database.rows<CursorRow>(sql, params, this.#limits(options)).catch((error: unknown) => {
      throw tableError(error, { table: this.#table, activity: "read", signal: options.signal });
    });
    const asked = new Set(consumers);
    const found: FoundCursors = new Map();
    for (const row of rows) {
      const { consumer_text: consumer } = row;
      if (asked.has(consumer)) found.set(consumer, this.#toStored(row));
      else if (consumers.length === 1) found.set(consumers[0] ?? "", collision(this.#table, consumers[0], consumer));
    }
    return found;
  }

  #toStored({ consumer_text: consumer, cursor_text: text, time_text: time }: CursorRow): StoredCursor | ReflexError {
    const { cursorType } = this.#config;
    // A column may be ZEROFILL, with more digits than a cursor has.
    const cursor = cursorType === "int" ? text.replace(/^0+(?=\d)/, "") : text;
    try {
      castCursor(cursorType, cursor);
      return { cursor, time };
    } catch (cause) {
      const message = `the cursor of ${consumer} in ${this.#table} is no number from 0 to 2^63-1, found "${text}"; correct the row`;
      return new ReflexError("invalid_cursor", message, { cause, details: { table: this.#table, consumer, cursor } });
    }
  }

  async #run({ sql, params }: Statement, options: CallOptions): Promise<RunResult> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#database.run(sql, params, this.#limits(options));
      } catch (error) {
        // The statement compares before it sets, so doing it again after a deadlock is safe.
        const lost = meaningOf(error) === "transaction_lost" || isReflexError(error, "transaction_lost");
        if (!lost || attempt === MOST_TRIES) throw error;
      }
    }
  }

  async #statements(options: CallOptions): Promise<CursorStatements> {
    if (this.#knownStatements !== undefined) return this.#knownStatements;
    const description = await this.#schemaCheck.pass(this.#database, this.#limits(options));
    const { dialect } = this.#database;
    this.#description = description;
    this.#cursorColumn = description.columns.get(this.#config.fields.cursor.toLowerCase());
    this.#knownStatements = new CursorStatements({ table: this.#table, config: this.#config, dialect, description });
    return this.#knownStatements;
  }

  #checkColumn(field: string, value: string): void {
    checkFits(this.#table, this.#description?.columns.get(field.toLowerCase()), value);
  }

  #limits({ signal, timeoutMs }: CallOptions): CallOptions & { acquireTimeoutMs: number | undefined } {
    const { acquireTimeoutMs, statementTimeoutMs } = this.#config;
    return {
      signal,
      timeoutMs: timeoutMs ?? statementTimeoutMs,
      acquireTimeoutMs: shorter(acquireTimeoutMs, timeoutMs),
    };
  }
}

function settleUnanswered(writes: readonly CursorWrite[], settle: Settle): void {
  for (const { consumer } of writes) settle(consumer, { result: "unanswered" });
}

function shorter(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
