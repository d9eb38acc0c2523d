import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Libsql from "libsql";
import { afterAll, describe } from "vitest";
import type { DatabaseHandle } from "../../../src/database/handles/handles.ts";
import { sqliteDatabase } from "../../../src/database/sqlite/sqlite-database.ts";
import { CursorsTable } from "../../../src/tables/cursors/cursors-table.ts";
import type { CursorsTableOptions } from "../../../src/tables/cursors/cursors-table-options.ts";
import { createTables } from "../../../src/tables/schema/table-schema.ts";
import { describeEachServer } from "../servers/engines.ts";

/** A database that cursors are kept in. */
export interface CursorTarget {
  readonly mysql: boolean;
  readonly open: () => Promise<DatabaseHandle>;
  /** Runs SQL past the library. */
  readonly sql: (text: string) => Promise<Record<string, unknown>[]>;
}

let tables = 0;

export function newCursorsName(): string {
  tables += 1;
  return `cursors_${tables}`;
}

/** A table of its own that writes at once. */
export async function newCursorsTable(db: DatabaseHandle, options: CursorsTableOptions = {}): Promise<CursorsTable> {
  const table = new CursorsTable(newCursorsName(), { asyncPeriodMs: 0, ...options });
  await createTables(db, [table]);
  return table;
}

/** Registers the tests once a server, and for SQLite in a file and in memory. */
export function describeEachTarget(register: (target: CursorTarget) => void): void {
  describeEachServer((engine) => {
    register({
      mysql: true,
      open: () => engine.createPool(),
      sql: async (text) => {
        const pool = await engine.createRawPool({ supportBigNumbers: true, bigNumberStrings: true });
        const [rows] = await pool.query(text);
        await pool.end();
        return rows as Record<string, unknown>[];
      },
    });
  });
  describe("SQLite in a file", () => {
    const folder = mkdtempSync(join(tmpdir(), "cursors-"));
    registerSqlite(new Libsql(join(folder, "cursors.db")), register);
    afterAll(() => rmSync(folder, { recursive: true }));
  });
  describe("SQLite in memory", () => {
    registerSqlite(new Libsql(":memory:"), register);
  });
}

function registerSqlite(handle: Libsql.Database, register: (target: CursorTarget) => void): void {
  afterAll(() => {
    sqliteDatabase(handle).close();
    handle.close();
  });
  register({
    mysql: false,
    open: () => Promise.resolve(handle),
    sql: (text) => {
      const statement = handle.prepare(text);
      if (statement.reader) return Promise.resolve(statement.all() as Record<string, unknown>[]);
      statement.run();
      return Promise.resolve([]);
    },
  });
}
