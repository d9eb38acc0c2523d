import type { Database, RunResult } from "../database/database.ts";
import { meaningOf } from "../database/sql-errors.ts";
import { ReflexError } from "../reflex/errors.ts";
import type { CallOptions } from "../waiting/time-limit.ts";
import { CURSOR_STATEMENT_SIZES, type CursorRow, CursorStatements, type Statement } from "./cursor-statements.ts";
import { isSamePlace } from "./cursor-type.ts";
import type { CursorsTableConfig } from "./cursors-table-options.ts";
import { cursorsSchemaCheck } from "./schema/cursors-schema-check.ts";
import type { SchemaCheck } from "./schema/schema-check.ts";
import { tableError } from "./table-error.ts";

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

/** What became of a {@link CursorWrite}: written, or kept as someone else left it (undefined if they removed it). */
export type WriteOutcome =
  | { readonly written: true }
  | { readonly written: false; readonly found: StoredCursor | undefined };

const LARGEST_STATEMENT = CURSOR_STATEMENT_SIZES[CURSOR_STATEMENT_SIZES.length - 1] ?? 1;
const MOST_TRIES = 3;

/** Reads and writes the rows of a cursors table in one database. Knows nothing of what was read or written before. */
export class CursorWriter {
  readonly #table: string;
  readonly #config: CursorsTableConfig;
  readonly #database: Database;
  readonly #statements: CursorStatements;
  readonly #schemaCheck: SchemaCheck;

  constructor(table: string, config: CursorsTableConfig, database: Database) {
    this.#table = table;
    this.#config = config;
    this.#database = database;
    this.#statements = new CursorStatements(table, config, database.dialect);
    this.#schemaCheck = cursorsSchemaCheck(table, config);
  }

  /** The consumer's row. @throws ReflexError `consumer_name_collision` if the column takes another name for this one. */
  async read(consumer: string, options: CallOptions): Promise<StoredCursor | undefined> {
    await this.#schemaCheck.pass(this.#database, this.#limits(options));
    return (await this.#readAll([consumer], options)).get(consumer);
  }

  /** Writes cursors, each only if it still is where it was, and tells of each what became of it. */
  async write(writes: readonly CursorWrite[], options: CallOptions): Promise<Map<string, WriteOutcome>> {
    // In one order everywhere, so that two processes don't wait for each other's rows.
    const sorted = writes.toSorted((a, b) => (a.consumer < b.consumer ? -1 : 1));
    const outcomes = new Map<string, WriteOutcome>();
    for (let start = 0; start < sorted.length; start += LARGEST_STATEMENT) {
      const chunk = sorted.slice(start, start + LARGEST_STATEMENT);
      await this.#insertNew(
        chunk.filter(({ from }) => from === undefined),
        outcomes,
        options,
      );
      await this.#moveKnown(
        chunk.filter(({ from }) => from !== undefined),
        outcomes,
        options,
      );
    }
    return outcomes;
  }

  async #insertNew(
    writes: readonly CursorWrite[],
    outcomes: Map<string, WriteOutcome>,
    options: CallOptions,
  ): Promise<void> {
    if (writes.length === 0) return;
    try {
      await this.#run(this.#statements.insert(writes), options);
      for (const { consumer } of writes) outcomes.set(consumer, { written: true });
    } catch (error) {
      if (meaningOf(error) !== "duplicate_key") throw this.#explain(error, "write", options);
      // One of them is there. Each by itself tells which, and one consumer's row does not keep another's out.
      if (writes.length === 1) return this.#compare(writes, outcomes, options);
      for (const write of writes) await this.#insertNew([write], outcomes, options);
    }
  }

  async #moveKnown(
    writes: readonly CursorWrite[],
    outcomes: Map<string, WriteOutcome>,
    options: CallOptions,
  ): Promise<void> {
    if (writes.length === 0) return;
    const moves = writes.map(({ consumer, from = "", to }) => ({ consumer, from, to }));
    try {
      const { affectedRows } = await this.#run(this.#statements.move(moves), options);
      if (affectedRows < writes.length) return await this.#compare(writes, outcomes, options);
      for (const { consumer } of writes) outcomes.set(consumer, { written: true });
    } catch (error) {
      throw this.#explain(error, "write", options);
    }
  }

  /** Finds out which were written by reading them: a cursor that is where we wanted it counts, whoever's answer was lost. */
  async #compare(
    writes: readonly CursorWrite[],
    outcomes: Map<string, WriteOutcome>,
    options: CallOptions,
  ): Promise<void> {
    const found = await this.#readAll(
      writes.map(({ consumer }) => consumer),
      options,
    );
    for (const { consumer, to } of writes) {
      const stored = found.get(consumer);
      const written = stored !== undefined && isSamePlace(this.#config.cursorType, stored.cursor, to);
      outcomes.set(consumer, written ? { written } : { written, found: stored });
    }
  }

  async #readAll(consumers: readonly string[], options: CallOptions): Promise<Map<string, StoredCursor>> {
    const { sql, params } = this.#statements.read(consumers);
    const rows = await this.#database.rows<CursorRow>(sql, params, this.#limits(options)).catch((error: unknown) => {
      throw this.#explain(error, "read", options);
    });
    const asked = new Set(consumers);
    const found = new Map<string, StoredCursor>();
    for (const { consumer_text: consumer, cursor_text: cursor, time_text: time } of rows) {
      if (!asked.has(consumer)) throw collision(this.#table, consumers, consumer);
      found.set(consumer, { cursor, time });
    }
    return found;
  }

  async #run({ sql, params }: Statement, options: CallOptions): Promise<RunResult> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#database.run(sql, params, this.#limits(options));
      } catch (error) {
        // The statement compares before it sets, so doing it again after a deadlock is safe.
        if (meaningOf(error) !== "transaction_lost" || attempt === MOST_TRIES) throw error;
      }
    }
  }

  #explain(error: unknown, activity: string, { signal }: CallOptions): unknown {
    return tableError(error, { table: this.#table, activity, signal });
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

function shorter(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

function collision(table: string, consumers: readonly string[], found: string): ReflexError {
  const asked = consumers.length === 1 ? `consumer "${consumers[0]}"` : "one of these consumers";
  return new ReflexError(
    "consumer_name_collision",
    `${table} takes ${asked} for "${found}", whose cursor it would share: give its name column the collation utf8mb4_bin, or the consumer another name`,
    { details: { table, found } },
  );
}
