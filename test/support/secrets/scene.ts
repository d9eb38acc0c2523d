import { createTables, type DatabaseHandle, EventsTable, type EventsTableOptions, toDatabase } from "reflex-rsql";
import type { TestDatabase } from "../databases/test-database.ts";
import type { Engine, EnginePoolOptions } from "../servers/engines.ts";
import { newTableName } from "../tables/new-tables.ts";
import type { Told } from "./told.ts";

/** A connection of either driver. */
export interface Lent {
  readonly threadId: number | null;
  query(sql: string): Promise<unknown>;
  beginTransaction(): Promise<unknown>;
  rollback(): Promise<unknown>;
  release(): unknown;
  destroy(): void;
}

/** A database in which things go wrong, and what the library tells of that. */
export interface Scene {
  readonly db: DatabaseHandle;
  readonly told: Told;
  /** Runs SQL past the library. */
  readonly sql: TestDatabase["sql"];
  /** An events table of its own, with an observer and a logger that take note of everything. */
  readonly table: (options?: EventsTableOptions) => Promise<EventsTable>;
}

/** As {@link Scene}, on a server. */
export interface ServerScene extends Scene {
  readonly engine: Engine;
  /** Lends a connection of the driver while `use` runs, and closes it. */
  readonly lent: <R>(use: (connection: Lent) => Promise<R>) => Promise<R>;
  readonly openPool: (options: EnginePoolOptions) => Promise<DatabaseHandle>;
}

export async function makeScene(database: TestDatabase, told: Told): Promise<Scene> {
  const db = await database.open();
  const { observer, logger } = told;
  return {
    db,
    told,
    sql: database.sql,
    table: async (options = {}) => {
      const table = new EventsTable(newTableName("events"), {
        metadataField: "metadata",
        observer,
        logger,
        ...options,
      });
      await createTables(db, [table]);
      return table;
    },
  };
}

export async function makeServerScene(database: TestDatabase, engine: Engine, told: Told): Promise<ServerScene> {
  const scene = await makeScene(database, told);
  return {
    ...scene,
    engine,
    openPool: (options) => engine.createPool(options),
    lent: async (use) => {
      const pool = (await engine.createPool({ connectionLimit: 1 })) as { getConnection(): Promise<unknown> };
      const connection = (await pool.getConnection()) as Lent;
      try {
        return await use(connection);
      } finally {
        connection.destroy();
      }
    },
  };
}

/** A statement of a program's own that fails with a duplicate key, whose message holds the value. */
export async function duplicateOf({ db, sql }: Scene, value: string): Promise<() => Promise<unknown>> {
  const name = newTableName("people");
  await sql(`create table ${name} (mail varchar(60) primary key)`);
  await sql(`insert into ${name} values ('${value}')`);
  return () => toDatabase(db).run(`insert into ${name} values (?)`, [value]);
}
