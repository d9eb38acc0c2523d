import type { DatabaseHandle } from "reflex-rsql";

/** Where a process of the demo finds the database. */
export type DatabaseTarget =
  | { readonly kind: "mysql"; readonly url: string }
  | { readonly kind: "sqlite"; readonly file: string };

export interface OpenDatabase {
  readonly handle: DatabaseHandle;
  readonly close: () => Promise<void>;
}

/** Something that the user can mend: one sentence with the remedy, exit code 1. */
export class DemoError extends Error {}

type SqliteDriver = new (
  file: string,
) => { prepare(sql: string): object; exec(sql: string): unknown; close(): unknown };

/** @throws DemoError if no driver is installed */
export async function openDatabase(target: DatabaseTarget, connections: number): Promise<OpenDatabase> {
  return target.kind === "mysql" ? openPool(target.url, connections) : openSqlite(target.file);
}

async function openPool(url: string, connectionLimit: number): Promise<OpenDatabase> {
  const mysql2 = await ifInstalled(() => import("mysql2/promise"));
  if (mysql2 !== undefined) {
    const pool = mysql2.createPool({ uri: url, connectionLimit });
    return { handle: pool, close: () => pool.end() };
  }
  const mariadb = await ifInstalled(() => import("mariadb"));
  if (mariadb === undefined) throw new DemoError("No driver for MySQL is installed: npm install mysql2 (or mariadb).");
  // It takes no other scheme.
  const withLimit = new URL(url.replace(/^mysql:/, "mariadb:"));
  withLimit.searchParams.set("connectionLimit", String(connectionLimit));
  const pool = mariadb.createPool(withLimit.href);
  return { handle: pool, close: () => pool.end() };
}

async function openSqlite(file: string): Promise<OpenDatabase> {
  const Driver = await sqliteDriver();
  const handle = new Driver(file);
  // Readers don't hold up the writer, and a commit need not wait for the disk.
  handle.exec("pragma journal_mode = wal");
  handle.exec("pragma synchronous = normal");
  return {
    handle,
    close: async () => {
      handle.close();
    },
  };
}

async function sqliteDriver(): Promise<SqliteDriver> {
  // Names in variables, so that the compiler needs the types of neither.
  for (const name of ["libsql", "better-sqlite3"]) {
    const module = await ifInstalled(() => import(name) as Promise<{ default: SqliteDriver }>);
    if (module !== undefined) return module.default;
  }
  throw new DemoError("No driver for SQLite is installed: npm install libsql (or better-sqlite3).");
}

async function ifInstalled<M>(load: () => Promise<M>): Promise<M | undefined> {
  try {
    return await load();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}
