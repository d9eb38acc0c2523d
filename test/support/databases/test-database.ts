import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Libsql from "libsql";
import { afterAll, describe } from "vitest";
import type { DatabaseHandle } from "../../../src/database/handles/handles.ts";
import { sqliteDatabase } from "../../../src/database/sqlite/sqlite-database.ts";
import { describeEachEngine, describeEachServer, type Engine, hasServers } from "../servers/engines.ts";

/** A database for tests of what holds on each of them. */
export interface TestDatabase {
  /** Undefined for SQLite. */
  readonly engine: Engine | undefined;
  /** The pool that all tests share: one for each test would take the server's connections. */
  readonly open: () => Promise<DatabaseHandle>;
  /** Another pool; the same handle on SQLite. */
  readonly openOther: () => Promise<DatabaseHandle>;
  /** Runs SQL past the library. Integers come as text from servers. */
  readonly sql: (text: string) => Promise<Record<string, unknown>[]>;
}

/**
 * Registers the tests of a file named `x.database.test.ts`: in the project "unit" for SQLite, in a file and in memory;
 * in the project "mysql" once a server, or once a pair of server and driver.
 */
export function describeEachDatabase(
  register: (database: TestDatabase) => void,
  drivers: "one driver" | "each driver" = "one driver",
): void {
  if (!hasServers()) describeSqlite(register);
  else if (drivers === "one driver") describeEachServer((engine) => register(serverDatabase(engine)));
  else describeEachEngine((engine) => register(serverDatabase(engine)));
}

/** The server of an engine as a test's database. */
export function serverDatabase(engine: Engine): TestDatabase {
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

function describeSqlite(register: (database: TestDatabase) => void): void {
  describe("SQLite in a file", () => {
    const folder = mkdtempSync(join(tmpdir(), "rsql-tests-"));
    register(sqliteTestDatabase(new Libsql(join(folder, "tests.db"))));
    afterAll(() => rmSync(folder, { recursive: true }));
  });
  describe("SQLite in memory", () => {
    register(sqliteTestDatabase(new Libsql(":memory:")));
  });
}

function sqliteTestDatabase(handle: Libsql.Database): TestDatabase {
  afterAll(() => {
    sqliteDatabase(handle).close();
    handle.close();
  });
  return {
    engine: undefined,
    open: () => Promise.resolve(handle),
    openOther: () => Promise.resolve(handle),
    sql: async (text) => {
      const statement = handle.prepare(text);
      if (statement.reader) return statement.all() as Record<string, unknown>[];
      statement.run();
      return [];
    },
  };
}
