import type { Database, RunResult, Statement } from "../../database/database.ts";
import { isTransactionLost, tableError } from "../../database/table-error.ts";
import { ReflexError } from "../../errors/reflex-error.ts";
import { show } from "../../errors/show.ts";
import type { Reporting } from "../../reflex/observer.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import type { ControlChange, ControlledRow, ControlledRows } from "../requests/controlled-rows.ts";
import { checkFits } from "../schema/column-capacity.ts";
import type { SchemaCheck } from "../schema/schema-check.ts";
import type { ColumnDescription, TableDescription } from "../schema/table-columns.ts";
import { type CursorMove, type CursorRow, CursorStatements, mostConsumers } from "./cursor-statements.ts";
import { castCursor } from "./cursor-type.ts";
import type { CursorsTableConfig } from "./cursors-table-options.ts";
import { cursorsSchemaCheck, missingColumns } from "./cursors-table-schema.ts";

/** A cursor as it stands in the table. */
export interface StoredCursor {
  readonly cursor: string;
  /** When it was written, as text. */
  readonly time: string;
}

/** A consumer's row: its cursor, and what else the table keeps of it. */
export interface StoredRow extends StoredCursor, ControlledRow {}

/** Cursors by consumer, or why the cursor of a consumer can't be used. */
export type FoundCursors = ReadonlyMap<string, StoredRow | ReflexError>;

export interface CursorRowsSource {
  readonly table: string;
  readonly config: CursorsTableConfig;
  readonly database: Database;
  readonly reporting: Reporting;
}

const MOST_TRIES = 3;

/** The rows of a cursors table in one database, read and written by one statement at a time. */
export class CursorRows implements ControlledRows {
  readonly #table: string;
  readonly #config: CursorsTableConfig;
  readonly #database: Database;
  readonly #reporting: Reporting;
  #schemaCheck: SchemaCheck;
  #description: TableDescription | undefined;
  #cursorColumn: ColumnDescription | undefined;
  #knownStatements: CursorStatements | undefined;
  #warned = false;

  constructor({ table, config, database, reporting }: CursorRowsSource) {
    this.#table = table;
    this.#config = config;
    this.#database = database;
    this.#reporting = reporting;
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
  async read(consumer: string, options: CallOptions): Promise<StoredRow | undefined> {
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
    const found = new Map<string, StoredRow | ReflexError>();
    for (const row of rows) {
      const { consumer_text: consumer } = row;
      if (asked.has(consumer)) found.set(consumer, this.#toStored(row));
      else if (consumers.length === 1) found.set(consumers[0] ?? "", collision(this.#table, consumers[0], consumer));
    }
    return found;
  }

  /** Adds rows, and leaves those that are there as they are. */
  async insert(rows: readonly Omit<CursorMove, "from">[], options: CallOptions): Promise<void> {
    const statements = await this.#statements(options);
    this.#checkPositionsFit(rows);
    await this.#run(statements.insert(rows), options);
  }

  /** Moves each cursor that is where it is thought to be, and leaves the others. Resolves with how many it has moved. */
  async move(moves: readonly CursorMove[], options: CallOptions): Promise<number> {
    const statements = await this.#statements(options);
    this.#checkPositionsFit(moves);
    return (await this.#run(statements.move(moves), options)).affectedRows;
  }

  async readControlled(consumer: string, options: CallOptions): Promise<StoredRow | undefined> {
    const row = await this.read(consumer, options);
    if (this.#missingForRequests.length === 0) return row;
    // A migration may have added them meanwhile.
    await this.lookAgain(options);
    const missing = this.#missingForRequests;
    if (missing.length > 0) throw withoutRequests(this.#table, missing);
    return this.read(consumer, options);
  }

  get #missingForRequests(): readonly string[] {
    return this.missing.filter((column) => column === "generation" || column === "request");
  }

  async change(consumer: string, change: ControlChange, options: CallOptions): Promise<boolean> {
    const statement = (await this.#statements(options)).change(consumer, change);
    this.#checkColumnFits("request", JSON.stringify(change.document));
    this.#checkColumnFits("generation", String(change.row.generation + 1n));
    if (typeof change.cursor === "object") this.#checkPositionsFit([change.cursor]);
    return (
      (
        await this.#run(statement, options).catch((error: unknown) => {
          throw tableError(error, { table: this.#table, activity: "write", signal: options.signal });
        })
      ).affectedRows > 0
    );
  }

  /** Writes in which events table the consumer's cursor is a position. */
  async nameTable(consumer: string, table: string, options: CallOptions): Promise<void> {
    const statements = await this.#statements(options);
    this.#checkColumnFits("table_name", table);
    await this.#run(statements.nameTable(consumer, table), options).catch((error: unknown) => {
      throw tableError(error, { table: this.#table, activity: "write", signal: options.signal });
    });
  }

  /** All rows of the table, with the times at which they were written. */
  async readEach(options: CallOptions): Promise<(StoredRow & { consumer: string; updatedAt: Date })[]> {
    const { all } = await this.#statements(options);
    const rows = await this.#database
      .rows<CursorRow & { micros_value: string | number | bigint }>(all, [], this.#limits(options))
      .catch((error: unknown) => {
        throw tableError(error, { table: this.#table, activity: "read", signal: options.signal });
      });
    return rows.map((row) => {
      const stored = this.#toStored(row);
      if (stored instanceof ReflexError) throw stored;
      return {
        ...stored,
        consumer: row.consumer_text,
        updatedAt: new Date(Math.floor(Number(row.micros_value) / 1000)),
      };
    });
  }

  /** Looks at the table again if it lacked columns: they may have been added since. */
  async lookAgain(options: CallOptions): Promise<void> {
    if (this.missing.length === 0) return;
    this.#schemaCheck = cursorsSchemaCheck(this.#table, this.#config);
    this.#knownStatements = undefined;
    await this.#statements(options);
  }

  /** The most consumers whose rows one statement reads or writes. */
  get mostConsumers(): number {
    return mostConsumers(this.#database.dialect);
  }

  /** How a person accepts the events table as it is, in spite of the consumer's position. */
  remedy(consumer: string, cursor: string): string {
    const { dialect } = this.#database;
    if (this.missing.includes("position")) return `restart its process, or set its cursor in ${this.#table}`;
    const set = `update ${dialect.quote(this.#table)} set ${dialect.quote("position")} = null`;
    const quoted = consumer.replaceAll("'", "''");
    // In a text of MySQL a backslash stands for itself only in pairs.
    const name = dialect.name === "mysql" ? quoted.replaceAll("\\", "\\\\") : quoted;
    return `call reset(db, ${JSON.stringify(consumer)}, { to: "${cursor}" }) of the cursors table, or run: ${set} where ${dialect.quote(this.#config.fields.id)} = '${name}'`;
  }

  /** The columns that the table lacks, once it was looked at. */
  get missing(): readonly string[] {
    return this.#description === undefined ? [] : missingColumns(this.#description);
  }

  #toStored(row: CursorRow): StoredRow | ReflexError {
    const { consumer_text: consumer, cursor_text: text, time_text: time } = row;
    const { cursorType } = this.#config;
    // A ZEROFILL column gives more digits than the cursor has.
    const cursor = cursorType === "int" ? text.replace(/^0+(?=\d)/, "") : text;
    try {
      castCursor(cursorType, cursor);
      return {
        cursor,
        time,
        position: row.position_text ?? undefined,
        generation: BigInt(row.generation_text ?? "0"),
        request: row.request_text ?? undefined,
        table: row.table_text ?? undefined,
      };
    } catch {
      // The cause is left out too: it repeats the text, which may be anything in a column of text.
      const message = `the cursor of ${consumer} in ${this.#table} is no number from 0 to 2^63-1, found ${show(text)}; correct the row`;
      return new ReflexError("invalid_cursor", message, { details: { table: this.#table, consumer } });
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
    this.#warnOfMissing();
    this.#knownStatements = new CursorStatements({ table: this.#table, config: this.#config, dialect, description });
    return this.#knownStatements;
  }

  #warnOfMissing(): void {
    const { missing } = this;
    if (missing.length === 0 || this.#warned) return;
    this.#warned = true;
    const message = `${this.#table} lacks the columns ${missing.join(", ")}: it works as before, but a table that is truncated, restored or swapped while nobody runs goes unnoticed, and nothing can be asked of its consumers; ${ADD_COLUMNS}`;
    this.#reporting.warn(message, { table: this.#table });
  }

  #checkConsumerFits(consumer: string): void {
    checkFits(this.#table, this.#description?.columns.get(this.#config.fields.id.toLowerCase()), consumer);
  }

  #checkPositionsFit(placed: readonly { readonly position?: string | undefined }[]): void {
    for (const { position } of placed) if (position !== undefined) this.#checkColumnFits("position", position);
  }

  #checkColumnFits(name: "position" | "request" | "generation" | "table_name", value: string): void {
    checkFits(this.#table, this.#description?.columns.get(name), value);
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

const ADD_COLUMNS =
  "add them with createTables(db, [cursors], { alter: true }), or in a migration with schemaSql(dialect, [cursors], { alterFrom })";

function withoutRequests(table: string, missing: readonly string[]): ReflexError {
  const message = `${table} lacks the columns ${missing.join(" and ")}, in which requests are kept; ${ADD_COLUMNS}`;
  return new ReflexError("wrong_schema", message, { details: { table } });
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
