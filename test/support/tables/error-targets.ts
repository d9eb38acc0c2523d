import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Libsql from "libsql";
import { afterAll, describe } from "vitest";
import type { DatabaseHandle } from "../../../src/database/handles/handles.ts";
import { sqliteDatabase } from "../../../src/database/sqlite/sqlite-database.ts";
import { ErrorsTable } from "../../../src/tables/errors/errors-table.ts";
import type { ErrorsTableOptions } from "../../../src/tables/errors/errors-table-options.ts";
import { createTables } from "../../../src/tables/schema/table-schema.ts";
import { describeEachEngine, describeEachServer, type Engine } from "../servers/engines.ts";

/** A database that an errors table can be in. */
export interface ErrorsTarget {
  /** Undefined for SQLite. */
  readonly engine: Engine | undefined;
  /** The pool that all tests share: each of their own would take the server's connections. */
  readonly open: () => Promise<DatabaseHandle>;
  /** Another one; the same handle on SQLite. */
  readonly openOther: () => Promise<DatabaseHandle>;
  /** Runs SQL past the library. Integers come as text from servers. */
  readonly sql: (text: string) => Promise<Record<string, unknown>[]>;
}

/** Registers the tests once a server, once for SQLite in a file, and once for SQLite in memory. */
export function describeEachDatabase(register: (target: ErrorsTarget) => void): void {
  describeEachServer((engine) => register(serverTarget(engine)));
  describeSqlite(register);
}

/** As {@link describeEachDatabase}, each server with each driver. */
export function describeEachDriverAndDatabase(register: (target: ErrorsTarget) => void): void {
  describeEachEngine((engine) => register(serverTarget(engine)));
  describeSqlite(register);
}

export function serverTarget(engine: Engine): ErrorsTarget {
  let shared: Promise<DatabaseHandle> | undefined;
  let raw: ReturnType<Engine["createRawPool"]> | undefined;
  const openOther = (): Promise<DatabaseHandle> => engine.createPool();
  return {
    engine,
    openOther,
    open: () => (shared ??= openOther()),
    sql: async (text) => {
      const pool = await (raw ??= engine.createRawPool({ supportBigNumbers: true, bigNumberStrings: true }));
      const [rows] = await pool.query(text);
      return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
    },
  };
}

/** A promise and what settles it. */
export function createGate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

let tables = 0;

/** A table name that no other test of the file uses. */
export function newName(): string {
  tables += 1;
  return `errors_${tables}`;
}

/** A new errors table with its events table. */
export async function newErrorsTable<RecordOnly extends boolean = false>(
  db: DatabaseHandle,
  options: ErrorsTableOptions<RecordOnly> = {},
): Promise<ErrorsTable<RecordOnly>> {
  const errors = new ErrorsTable<RecordOnly>({ tableName: newName(), ...options });
  await createTables(db, [errors]);
  return errors;
}

function describeSqlite(register: (target: ErrorsTarget) => void): void {
  describe("SQLite in a file", () => {
    const folder = mkdtempSync(join(tmpdir(), "errors-"));
    registerSqlite(new Libsql(join(folder, "errors.db")), register);
    afterAll(() => rmSync(folder, { recursive: true }));
  });
  describe("SQLite in memory", () => {
    registerSqlite(new Libsql(":memory:"), register);
  });
}

function registerSqlite(handle: Libsql.Database, register: (target: ErrorsTarget) => void): void {
  afterAll(() => {
    sqliteDatabase(handle).close();
    handle.close();
  });
  register({
    engine: undefined,
    open: () => Promise.resolve(handle),
    openOther: () => Promise.resolve(handle),
    sql: async (text) => {
      const statement = handle.prepare(text);
      if (statement.reader) return statement.all() as Record<string, unknown>[];
      statement.run();
      return [];
    },
  });
}
