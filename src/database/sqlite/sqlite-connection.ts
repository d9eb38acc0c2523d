import { typeMistake } from "../../errors/reflex-error.ts";
import type { RunResult, SqlParam } from "../database.ts";
import { checkParams } from "../sql-param.ts";
import {
  bindArguments,
  isInTransaction,
  isOpen,
  openAnother,
  prepare,
  returnsRows,
  type SqliteHandle,
  type SqliteStatement,
} from "./sqlite-handle.ts";
import {
  checkCount,
  checkOneStatement,
  normalizeRow,
  type StatementShape,
  shapeOf,
  shorten,
  toSqliteValue,
} from "./sqlite-values.ts";

export const LARGEST_CACHE = 100;
const INSERTS = /^[\s(]*(?:insert|replace|with)\b/i;

interface Prepared {
  readonly statement: SqliteStatement;
  readonly shape: StatementShape;
}

/**
 * Runs SQL on a SQLite handle, alike for all drivers: with exact integers, with checked parameters, and without ever
 * blocking the process for a lock.
 */
export class SqliteConnection {
  readonly handle: SqliteHandle;
  /** The absolute path of the database's file; "" for a database in memory and for a temporary one. */
  readonly file: string;
  // Prepared statements by their text, in the order of their last use.
  readonly #prepared = new Map<string, Prepared>();

  constructor(handle: SqliteHandle) {
    this.handle = handle;
    this.checkOpen();
    // The `name` of a libsql handle is always "".
    const main = this.#query("pragma database_list").find((database) => database["name"] === "main");
    this.file = (main?.["file"] as string | null | undefined) ?? "";
  }

  get open(): boolean {
    return isOpen(this.handle);
  }

  /** Whether a transaction is open, whoever began it. */
  get inTransaction(): boolean {
    return isInTransaction(this.handle);
  }

  /** @throws TypeError `invalid_argument` if the handle was closed */
  checkOpen(): void {
    if (this.open) return;
    this.#prepared.clear();
    throw typeMistake("invalid_argument", "the SQLite handle is closed; use one that is open");
  }

  /** Runs a statement that returns no rows. */
  run(sql: string, params: readonly SqlParam[]): RunResult {
    const { statement, values } = this.#bind(sql, params);
    if (returnsRows(statement)) {
      // libsql would leave such a statement unfinished, and then every COMMIT would fail.
      throw typeMistake("invalid_argument", `run() takes no statement that returns rows, use rows(): ${shorten(sql)}`);
    }
    const changes = this.#neverBlocking(() => statement.run(...values).changes);
    return { affectedRows: Number(changes), insertId: INSERTS.test(sql) ? this.#firstInsertId(BigInt(changes)) : "0" };
  }

  /** Runs a query. Blobs are `Buffer` or `Uint8Array`. */
  rows(sql: string, params: readonly SqlParam[]): Record<string, unknown>[] {
    const { statement, values } = this.#bind(sql, params);
    return this.#neverBlocking(() => statement.all(...values)).map(normalizeRow);
  }

  /** Runs a constant text, such as transaction control. */
  exec(text: string): void {
    this.checkOpen();
    this.#neverBlocking(() => this.handle.exec(text));
  }

  /** Opens another connection to the same file, by the same driver. */
  openSecond(): SqliteConnection {
    return new SqliteConnection(openAnother(this.handle, this.file));
  }

  close(): void {
    this.#prepared.clear();
    if (this.open) this.handle.close();
  }

  /**
   * The id of the first row that the last statement has inserted. SQLite gives consecutive ids to the rows of one
   * statement. The value that drivers give is rounded above 2^53.
   */
  #firstInsertId(changes: bigint): string {
    if (changes === 0n) return "0";
    const [row] = this.#query("select cast(last_insert_rowid() as text) as id");
    return String(BigInt(String(row?.["id"])) - (changes - 1n));
  }

  /**
   * Runs `work` without a busy time-out. With the one that the user has set, SQLite would hold up the whole process
   * while it waits for a lock.
   */
  #neverBlocking<T>(work: () => T): T {
    const [row] = this.#query("pragma busy_timeout");
    const timeoutMs = Number(row?.["timeout"] ?? 0);
    if (timeoutMs === 0) return work();
    this.handle.exec("pragma busy_timeout = 0");
    try {
      return work();
    } finally {
      this.handle.exec(`pragma busy_timeout = ${timeoutMs}`);
    }
  }

  #bind(sql: string, params: readonly SqlParam[]): { statement: SqliteStatement; values: readonly unknown[] } {
    this.checkOpen();
    // Unchecked, a boolean among the parameters would make libsql end the whole process.
    checkParams(params);
    const { statement, shape } = this.#prepare(sql);
    checkCount(shape, sql, params);
    return { statement, values: bindArguments(this.handle, params.map(toSqliteValue)) };
  }

  #query(sql: string): Record<string, unknown>[] {
    return this.#prepare(sql).statement.all();
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql);
    if (known !== undefined) this.#prepared.delete(sql);
    const prepared = known ?? this.#prepareNew(sql);
    this.#prepared.set(sql, prepared);
    const [oldest] = this.#prepared.keys();
    if (this.#prepared.size > LARGEST_CACHE && oldest !== undefined) this.#prepared.delete(oldest);
    return prepared;
  }

  #prepareNew(sql: string): Prepared {
    const shape = shapeOf(sql);
    checkOneStatement(shape, sql);
    return { shape, statement: prepare(this.handle, sql) };
  }
}
