import { typeMistake } from "../../errors/reflex-error.ts";

/**
 * A connection of better-sqlite3, of libsql (its synchronous API) or of node:sqlite (`DatabaseSync`, from Node.js 22.16).
 * Only what tells them from other objects is spelled out.
 */
export interface SqliteHandle {
  /** Prepares a statement, at once and not by a promise. */
  prepare(sql: string): object;
  /** Runs statements that take no parameters. */
  exec(sql: string): unknown;
  /** Closes it. This library never does. */
  close(): unknown;
}

/** A prepared statement, as the three drivers have it in common. */
export interface SqliteStatement {
  /** better-sqlite3 and libsql: whether it returns rows. */
  readonly reader?: boolean;
  /** node:sqlite: empty for a statement that returns no rows. */
  columns?(): readonly unknown[];
  run(...params: readonly unknown[]): { readonly changes: number | bigint };
  all(...params: readonly unknown[]): Record<string, unknown>[];
}

/** Whether `value` is a SQLite connection that {@link sqliteDatabase} takes. */
export function isSqliteHandle(value: unknown): value is SqliteHandle {
  if (typeof value !== "object" || value === null) return false;
  const methods: Partial<Record<"prepare" | "exec" | "close", unknown>> = value;
  const hasMethods = [methods.prepare, methods.exec, methods.close].every((method) => typeof method === "function");
  return hasMethods && (isNodeSqlite(value) || ("open" in value && "inTransaction" in value));
}

function isNodeSqlite(handle: object): handle is SqliteHandle & { isOpen: boolean; isTransaction: boolean } {
  return "isOpen" in handle && "isTransaction" in handle;
}

/** Whether the connection was not closed. */
export function isOpen(handle: SqliteHandle): boolean {
  return isNodeSqlite(handle) ? handle.isOpen : (handle as { open?: boolean }).open === true;
}

/** Whether a transaction is open on the connection, whoever began it. */
export function isInTransaction(handle: SqliteHandle): boolean {
  // libsql ends the whole process when it is asked this of a closed connection.
  if (!isOpen(handle)) return false;
  return isNodeSqlite(handle) ? handle.isTransaction : (handle as { inTransaction?: boolean }).inTransaction === true;
}

/** @throws TypeError `invalid_argument` for an asynchronous API, which has the same shape until it is used */
export function prepare(handle: SqliteHandle, sql: string): SqliteStatement {
  const statement = handle.prepare(sql) as SqliteStatement | Promise<unknown>;
  if ("all" in statement) return statement;
  statement.catch(() => undefined);
  throw typeMistake("invalid_argument", `the SQLite handle must be synchronous: import "libsql", not "libsql/promise"`);
}

/** Whether the statement returns rows. */
export function returnsRows(statement: SqliteStatement): boolean {
  return statement.reader ?? (statement.columns?.() ?? []).length > 0;
}

/** The parameters as the driver's `run` and `all` take them. */
export function bindArguments(handle: SqliteHandle, params: readonly unknown[]): readonly unknown[] {
  // One array, else libsql takes a lone blob for named parameters; node:sqlite takes an array for those.
  return isNodeSqlite(handle) ? params : [params];
}

/** Opens another connection to `file`, by the same driver. It never blocks to wait for a lock. */
export function openAnother(handle: SqliteHandle, file: string): SqliteHandle {
  const Driver = handle.constructor as new (file: string, options: object) => SqliteHandle;
  return new Driver(file, { fileMustExist: true, timeout: 0 });
}
