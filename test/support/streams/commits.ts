import { createPool } from "mariadb";
import type { Pool, PoolConnection, RowDataPacket } from "mysql2/promise";
import { createTables, type EventStream, EventsTable, type EventsTableOptions } from "reflex-rsql";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { describeEachServer, type EnginePool } from "../servers/engines.ts";
import { DATABASE, type ServerWithPools, startServerWithPools } from "../servers/server-with-pools.ts";
import { nothingWithin, take } from "./streams.ts";

export const gtidFlags: readonly string[] = ["--gtid-mode=ON", "--enforce-gtid-consistency=ON"];

/** Looks on time never come: what arrives was heard of. */
export const onlyHeard: EventsTableOptions = { wake: { hotMs: 600_000, idleMs: 600_000 }, backoffMs: 600_000 };

/** A MySQL server that numbers its commits. */
export interface GtidServer {
  /** As root. Not one that the library uses. */
  readonly root: Pool;
  readonly socketPath: string;
  openPool: ServerWithPools["openPool"];
  /** A pool of the mariadb driver, ended after `use`. */
  withMariadbPool(connectionLimit: number, use: (pool: EnginePool) => Promise<void>): Promise<void>;
  makeTable(options: EventsTableOptions): Promise<EventsTable>;
}

/** Registers the tests on a MySQL server of their own that has `gtid_mode`; none where only MariaDB is. */
export function describeGtidServer(register: (server: GtidServer) => void): void {
  describeEachServer(({ vendor }) => {
    describe.runIf(vendor === "mysql")("with gtid_mode", () => {
      let server: ServerWithPools;
      let tables = 0;
      beforeAll(async () => {
        server = await startServerWithPools({ vendor, durable: true, flags: [...gtidFlags, "--sync-binlog=0"] });
      });
      afterAll(async () => {
        await server[Symbol.asyncDispose]();
      });
      register({
        get root() {
          return server.pool;
        },
        get socketPath() {
          return server.server.socketPath;
        },
        openPool: (options) => server.openPool(options),
        withMariadbPool: async (connectionLimit, use) => {
          const { socketPath } = server.server;
          const pool = createPool({ socketPath, user: "root", database: DATABASE, connectionLimit });
          try {
            await use(pool);
          } finally {
            await pool.end();
          }
        },
        makeTable: async (options) => {
          const table = new EventsTable(`heard_${++tables}`, options);
          await createTables(server.pool, [table]);
          return table;
        },
      });
    });
  });
}

/** Inserts as another process does: nothing of this process is told. */
export async function insertElsewhere(by: Pool | PoolConnection, table: EventsTable): Promise<void> {
  await by.query(`insert into ${table.name} (foreign_id, timestamp, type) values ('elsewhere', utc_timestamp(6), 1)`);
}

/** Inserts one by one, each once the one before has arrived. Resolves with the ids that arrived. */
export async function arriveOneByOne(
  stream: EventStream,
  count: number,
  insert: () => Promise<void>,
): Promise<string[]> {
  const arrived: string[] = [];
  for (let round = 0; round < count; round++) {
    const next = take(stream, 1);
    await insert();
    arrived.push(...(await next));
  }
  return arrived;
}

/** The threads of the server on which someone waits for a commit. */
export async function waits(root: Pool): Promise<number[]> {
  const [rows] = await root.query<RowDataPacket[]>(
    "select id as thread from information_schema.processlist where state = 'Waiting for GTID to be committed'",
  );
  return rows.map(({ thread }) => thread as number);
}

/** Resolves with the thread that waits for a commit, once there is one. */
export async function waiting(root: Pool): Promise<number> {
  await expect.poll(() => waits(root), { interval: 10 }).toHaveLength(1);
  return (await waits(root))[0] ?? 0;
}

/** That nobody waits for a commit though the stream is at its head. Closes it. */
export async function expectNoWait(root: Pool, stream: EventStream): Promise<void> {
  const end = stream.next();
  await nothingWithin(300);
  expect(await waits(root)).toEqual([]);
  await stream.close();
  await end;
}
