import type { Database, RunResult, Statement } from "../../database/database.ts";
import { isTransactionLost, tableError } from "../../database/table-error.ts";
import { ReflexError } from "../../errors/reflex-error.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import { checkFits } from "../schema/column-capacity.ts";
import type { SchemaCheck } from "../schema/schema-check.ts";
import type { ColumnDescription, TableDescription } from "../schema/table-columns.ts";
import { type CursorMove, type CursorRow, CursorStatements } from "./cursor-statements.ts";
import { castCursor } from "./cursor-type.ts";
import type { CursorsTableConfig } from "./cursors-table-options.ts";
import { cursorsSchemaCheck } from "./cursors-table-schema.ts";

/** A cursor as it stands in the table. */
export interface StoredCursor {
  readonly cursor: string;
  /** When it was written, as text. */
  readonly time: string;
}

/** Cursors by consumer, or why the cursor of a consumer can't be used. */
export type FoundCursors = ReadonlyMap<string, StoredCursor | ReflexError>;

const MOST_TRIES = 3;

/** The rows of a cursors table in one database, read and written by one statement at a time. */
export class CursorRows {
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
   * Checks that the columns can hold the consumer's name and the cursor. It knows the columns only once the table was
   * read.
   * @throws ReflexError `wrong_schema`
   */
  checkFits(consumer: string, cursor: string): void {
    this.#checkConsumerFits(consumer);
    this.checkCursorFits(String(castCursor(this.#config.cursorType, cursor)));
  }

  /** As {@link checkFits}, for another cursor of a consumer whose name fits. The cursor is in plain decimal. */
  checkCursorFits(cursor: string): void {
    if (this.#cursorColumn !== undefined) checkFits(this.#table, this.#cursorColumn, cursor);
  }

  /**
   * The consumer's row.
   * @throws ReflexError `consumer_name_collision` if the column takes another name for this one, `wrong_schema` if it
   * can't hold the name.
   */
  async read(consumer: string, options: CallOptions): Promise<StoredCursor | undefined> {
    await this.#statements(options);
    this.#checkConsumerFits(consumer);
    const found = (await this.readAll([consumer], options)).get(consumer);
    if (found instanceof ReflexError) throw found;
    return found;
  }

  /**
   * The rows of these consumers. The column may take a row of another name for one of theirs. Only a consumer that is
   * asked for alone learns of that row.
   */
  async readAll(consumers: readonly string[], options: CallOptions): Promise<FoundCursors> {
    const { sql, params } = (await this.#statements(options)).read(consumers);
    const rows = await this.#database.rows<CursorRow>(sql, params, this.#limits(options)).catch((error: unknown) => {
      throw tableError(error, { table: this.#table, activity: "read", signal: options.signal });
    });
    const asked = new Set(consumers);
    const found = new Map<string, StoredCursor | ReflexError>();
    for (const row of rows) {
      const { consumer_text: consumer } = row;
      if (asked.has(consumer)) found.set(consumer, this.#toStored(row));
      else if (consumers.length === 1) found.set(consumers[0] ?? "", collision(this.#table, consumers[0], consumer));
    }
    return found;
  }

  /** Adds rows, and leaves those that are there as they are. */
  async insert(rows: readonly { consumer: string; to: string }[], options: CallOptions): Promise<void> {
    await this.#run((await this.#statements(options)).insert(rows), options);
  }

  /** Moves each cursor that is where it is thought to be, and leaves the others. Resolves with how many it has moved. */
  async move(moves: readonly CursorMove[], options: CallOptions): Promise<number> {
    return (await this.#run((await this.#statements(options)).move(moves), options)).affectedRows;
  }

  #toStored({ consumer_text: consumer, cursor_text: text, time_text: time }: CursorRow): StoredCursor | ReflexError {
    const { cursorType } = this.#config;
    // A ZEROFILL column gives more digits than the cursor has.
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
        // Each statement compares before it sets, so that doing it again after a deadlock is safe.
        if (!isTransactionLost(error) || attempt === MOST_TRIES) throw error;
      }
    }
  }

  /**
   * The table's statements. Their texts depend on the table's columns, so that the table is looked at the first time.
   */
  async #statements(options: CallOptions): Promise<CursorStatements> {
    if (this.#knownStatements !== undefined) return this.#knownStatements;
    const description = await this.#schemaCheck.pass(this.#database, this.#limits(options));
    const { dialect } = this.#database;
    this.#description = description;
    this.#cursorColumn = description.columns.get(this.#config.fields.cursor.toLowerCase());
    this.#knownStatements = new CursorStatements({ table: this.#table, config: this.#config, dialect, description });
    return this.#knownStatements;
  }

  #checkConsumerFits(consumer: string): void {
    checkFits(this.#table, this.#description?.columns.get(this.#config.fields.id.toLowerCase()), consumer);
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

function collision(table: string, consumer: string | undefined, found: string): ReflexError {
  return new ReflexError(
    "consumer_name_collision",
    `${table} takes consumer "${consumer}" for "${found}", whose cursor it would share: give its name column the collation utf8mb4_bin, or the consumer another name`,
    { details: { table, consumer: consumer ?? "", found } },
  );
}

function shorter(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
