import { typeMistake } from "../../errors/reflex-error.ts";

/**
 * A connection of better-sqlite3, of libsql (its synchronous API) or of node:sqlite (`DatabaseSync`, from Node.js 22.16
 * on). The type names only what tells such a connection from other objects.
 */
export interface SqliteHandle {
  /** Prepares a statement, and returns it at once instead of a promise. */
  prepare(sql: string): object;
  /** Runs statements that take no parameters. */
  exec(sql: string): unknown;
  /** Closes the connection. This library never calls it on yours. */
  close(): unknown;
}

/** What the prepared statements of the three drivers have in common. */
export interface SqliteStatement {
  /** Of better-sqlite3 and libsql: whether the statement returns rows. */
  readonly reader?: boolean;
  /** Of node:sqlite: the columns of its rows; none for a statement that returns no rows. */
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
  // libsql ends the whole process when it is asked for the transaction of a closed connection.
  if (!isOpen(handle)) return false;
  return isNodeSqlite(handle) ? handle.isTransaction : (handle as { inTransaction?: boolean }).inTransaction === true;
}

/**
 * Prepares a statement.
 * @throws TypeError `invalid_argument` for an asynchronous API, which can't be told from a synchronous one before it is
 * used
 */
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
  // The drivers but node:sqlite take one array: libsql would take a lone blob for named parameters. node:sqlite would
  // take an array for those.
  return isNodeSqlite(handle) ? params : [params];
}

/** Opens another connection to `file`, by the same driver. It never blocks the process to wait for a lock. */
export function openAnother(handle: SqliteHandle, file: string): SqliteHandle {
  const Driver = handle.constructor as new (file: string, options: object) => SqliteHandle;
  return new Driver(file, { fileMustExist: true, timeout: 0 });
}
