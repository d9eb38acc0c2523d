import { randomBytes } from "node:crypto";
import {
  createPool as createMariadbPool,
  type Pool as MariadbPool,
  type PoolConfig as MariadbPoolOptions,
  version as mariadbVersion,
} from "mariadb";
import {
  createPool as createMysql2Pool,
  type Pool as Mysql2Pool,
  type PoolOptions as Mysql2PoolOptions,
} from "mysql2/promise";
import { afterAll, describe, expect, inject, test } from "vitest";
import { type ServerVendor, vendorNames } from "../../../src/testing/servers/find-server.ts";
// The import carries the typing of `inject("servers")`.
import type { ProvidedServer, ProvidedServers } from "./global-setup.ts";

export type Driver = "mysql2" | "mariadb";
export type EnginePool = Mysql2Pool | MariadbPool;

/** A server of this run, as one driver sees it, with a database of its own for the tests that are given it. */
export interface Engine {
  /** For example "MariaDB with mysql2". */
  readonly name: string;
  readonly vendor: ServerVendor;
  readonly driver: Driver;
  /** Whether the driver's pool tells why it could make no connection: mariadb does from 3.4.1 on. */
  readonly poolTellsCause: boolean;
  /** As the server program tells it. */
  readonly version: string;
  /** The process of the shared server. A test that stops a server starts a private one of its own. */
  readonly pid: number;
  readonly socketPath: string;
  /** Created when first used, dropped after the tests. */
  readonly database: string;
  /** Where to connect, for mysql2; `database` is this engine's own unless another is named. */
  url(database?: string): string;
  /** A new pool of the engine's driver on its database. Ended after the tests if it was not before. */
  createPool(options?: EnginePoolOptions): Promise<EnginePool>;
  /** A new mysql2 pool on the same database, whatever the driver: for looking at what the library did. */
  createRawPool(options?: Mysql2PoolOptions): Promise<Mysql2Pool>;
}

/** Options that both drivers know by the same name and meaning, or those of one of them. */
export type EnginePoolOptions = Mysql2PoolOptions | MariadbPoolOptions;

type RunningServer = Exclude<ProvidedServer, { missing: string }>;

const vendors: readonly ServerVendor[] = ["mariadb", "mysql"];

/** Registers the tests once a pair of server and driver. A missing server is one skipped test that says why. */
export function describeEachEngine(register: (engine: Engine) => void): void {
  describeVendors(["mysql2", "mariadb"], register);
}

/** Registers the tests once a server, with mysql2: for what does not depend on the driver. */
export function describeEachServer(register: (engine: Engine) => void): void {
  describeVendors(["mysql2"], register);
}

/** Whether servers run for these tests: they do in the project "mysql". */
export function hasServers(): boolean {
  return (inject("servers") as readonly ProvidedServers[] | undefined) !== undefined;
}

/** The servers of this worker. Only one file at a time uses them. */
function serversOfWorker(): ProvidedServers {
  const { VITEST_POOL_ID: worker } = process.env;
  const servers = inject("servers")[Number(worker) - 1];
  if (servers === undefined) throw new Error(`no servers were started for worker ${worker}`);
  return servers;
}

function describeVendors(drivers: readonly Driver[], register: (engine: Engine) => void): void {
  const servers = serversOfWorker();
  for (const vendor of vendors) {
    const server = servers[vendor];
    if ("missing" in server) registerSkipped(vendor, server.missing);
    else for (const driver of drivers) registerEngine(server, { vendor, driver }, register);
  }
}

function registerSkipped(vendor: ServerVendor, reason: string): void {
  test(`needs ${vendorNames[vendor]}: ${reason}`, ({ skip }) => {
    skip(reason);
    expect.unreachable();
  });
}

function registerEngine(
  server: RunningServer,
  { vendor, driver }: Pick<Engine, "vendor" | "driver">,
  register: (engine: Engine) => void,
): void {
  const name = `${vendorNames[vendor]} with ${driver}`;
  describe(`${vendorNames[vendor]} with ${driver}`, () => {
    register(createEngine(server, { name, vendor, driver }));
  });
}

function createEngine(server: RunningServer, facts: Pick<Engine, "name" | "vendor" | "driver">): Engine {
  const database = `test_${randomBytes(6).toString("hex")}`;
  const pools = new Set<EnginePool>();
  let created: Promise<void> | undefined;
  const track = async <P extends EnginePool>(create: () => P): Promise<P> => {
    await (created ??= administer(server, `create database ${database}`));
    const pool = create();
    pools.add(pool);
    return pool;
  };
  afterAll(async () => {
    await Promise.all([...pools].map(endPool));
    if (created) await administer(server, `drop database ${database}`);
  });
  const base = { socketPath: server.socketPath, user: "root", database, connectionLimit: 10 };
  return {
    ...facts,
    poolTellsCause: facts.driver === "mysql2" || !/^3\.([0-3]\.|4\.0$)/.test(mariadbVersion),
    database,
    version: server.version,
    pid: server.pid,
    socketPath: server.socketPath,
    url: (name = database) => server.url.replace("/?", `/${name}?`),
    createPool: (options = {}) =>
      track(
        (): EnginePool =>
          facts.driver === "mysql2"
            ? createMysql2Pool({ ...base, ...(options as Mysql2PoolOptions) })
            : createMariadbPool({ ...base, ...(options as MariadbPoolOptions) }),
      ),
    createRawPool: (options = {}) => track(() => createMysql2Pool({ ...base, ...options })),
  };
}

// A test may have ended its pool already, or have left a query hanging in it: neither may hold up the others.
async function endPool(pool: EnginePool): Promise<void> {
  const ended = pool.end().catch(() => {});
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 2000).unref())]);
}

async function administer(server: RunningServer, sql: string): Promise<void> {
  const pool = createMysql2Pool({ socketPath: server.socketPath, user: "root", connectionLimit: 1 });
  try {
    await pool.query(sql);
  } finally {
    await pool.end();
  }
}
