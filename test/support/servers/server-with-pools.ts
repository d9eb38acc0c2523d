import { setTimeout as delay } from "node:timers/promises";
import { createPool, type Pool, type PoolOptions } from "mysql2/promise";
import { type PrivateServer, startPrivateServer } from "../../../src/testing/servers/private-server.ts";

/** The database in which tests on private servers work. */
export const DATABASE = "shop";

/** A private server with a database in it, and pools on it. */
export interface ServerWithPools extends AsyncDisposable {
  readonly server: PrivateServer;
  /** As root, on the database. */
  readonly pool: Pool;
  /** Another pool, as root unless the options say otherwise. Ended with the server. */
  openPool(options?: PoolOptions): Pool;
}

/** A server with the database `shop`. */
export async function startServerWithPools(
  options: Parameters<typeof startPrivateServer>[0],
): Promise<ServerWithPools> {
  const server = await startPrivateServer(options);
  const pools: Pool[] = [];
  const openPool = (own: PoolOptions = {}): Pool => {
    const { socketPath } = server;
    const pool = createPool({ socketPath, user: "root", database: DATABASE, connectionLimit: 10, ...own });
    pools.push(pool);
    return pool;
  };
  const creator = createPool({ socketPath: server.socketPath, user: "root", connectionLimit: 1 });
  await creator.query(`create database if not exists ${DATABASE}`);
  await creator.end();
  return {
    server,
    openPool,
    pool: openPool(),
    [Symbol.asyncDispose]: async () => {
      // A query that hangs in a pool must not hold up the end of its server.
      await Promise.race([Promise.all(pools.map((pool) => pool.end().catch(() => undefined))), delay(1000)]);
      await server.stop();
    },
  };
}
