import { randomBytes } from "node:crypto";
import { checkIdentifier } from "../../database/identifiers.ts";
import { readProperty } from "../../errors/thrown.ts";
import { aBoolean, aString, checkOptions, type OptionChecks, oneOf } from "../../options/check-options.ts";
import type { ServerVendor } from "./find-server.ts";
import { type PrivateServer, type PrivateServerOptions, startPrivateServer } from "./private-server.ts";

/** How {@link startMariadb} starts its server. */
export interface StartMariadbOptions extends Omit<PrivateServerOptions, "vendor"> {
  /** @defaultValue "mariadb" */
  readonly vendor?: ServerVendor | undefined;
}

/** A server of a test's own, with an empty database in it. */
export interface TestServer extends AsyncDisposable {
  /** Of the server's first database: user `root`, no password, through the unix socket. */
  readonly url: string;
  /** The path of its unix socket. */
  readonly socketPath: string;
  /** The TCP port on 127.0.0.1; undefined without the option `port`. */
  readonly port: number | undefined;
  /** Whose server program it is. */
  readonly vendor: ServerVendor;
  /** As the server tells it, such as "10.11.14-MariaDB". */
  readonly version: string;
  /** Makes another empty database, of this name or one made up, and resolves with its URL. */
  createDatabase(name?: string): Promise<string>;
  /** Kills the server as a power cut of its process would; its data stay. For tests of what happens then. */
  crash(): Promise<void>;
  /** Kills the server if it runs, and starts it on the same data, socket and port. */
  restart(): Promise<void>;
  /** Ends the server and removes its data. May be called more than once. */
  stop(): Promise<void>;
}

const checks: OptionChecks<StartMariadbOptions> = {
  vendor: oneOf("mariadb", "mysql"),
  program: aString,
  flags: (value) => (Array.isArray(value) && value.every((flag) => typeof flag === "string") ? undefined : "texts"),
  durable: aBoolean,
  port: aBoolean,
};

/**
 * Starts a private MariaDB, or MySQL, for tests, in about 0.1 s: on a temporary folder, reachable through a unix socket
 * only, with one empty database. It does not touch a server that runs on the machine. It ends with `stop()`, and also when
 * this process ends, however that happens; nothing of it stays. Start one per test file, and give each test a database by
 * `createDatabase()`.
 *
 * The `url` is for mysql2; for the mariadb driver write `mariadb:` in place of `mysql:`. One of the two must be installed.
 * Without the option `durable`, MariaDB lets every user do everything, so that tests of privileges need it.
 * @throws Error that tells what to install if there is no such server on this machine.
 * @example
 * // vitest; with node:test, before() and after() in place of beforeAll() and afterAll()
 * let server: TestServer;
 * let pool: Pool;
 * beforeAll(async () => {
 *   server = await startMariadb();
 *   pool = createPool(server.url);
 *   await createTables(pool, [orders, cursors]);
 * });
 * afterAll(async () => {
 *   await pool.end();
 *   await server.stop();
 * });
 * @example
 * await using server = await startMariadb({ vendor: "mysql" });
 * const pool = createPool(await server.createDatabase());
 */
export async function startMariadb(options: StartMariadbOptions = {}): Promise<TestServer> {
  const checked = checkOptions("startMariadb", options, checks);
  const execute = await findDriver();
  const server = await startPrivateServer({ ...checked, vendor: checked.vendor ?? "mariadb" });
  try {
    return await toTestServer(server, execute);
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function toTestServer(server: PrivateServer, execute: Execute): Promise<TestServer> {
  const { socketPath, port, vendor, version } = server;
  const createDatabase = async (name = `test_${randomBytes(6).toString("hex")}`): Promise<string> => {
    await execute(socketPath, `create database \`${checkIdentifier(name, "the name of a database")}\``);
    return server.url.replace("/?", `/${encodeURIComponent(name)}?`);
  };
  return {
    url: await createDatabase("test"),
    socketPath,
    port,
    vendor,
    version,
    createDatabase,
    crash: () => server.crash(),
    restart: () => server.restart(),
    stop: () => server.stop(),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/** Runs a statement on the server behind the socket. */
type Execute = (socketPath: string, sql: string) => Promise<void>;

async function findDriver(): Promise<Execute> {
  const connect = await findConnect();
  return async (socketPath, sql) => {
    const connection = await connect({ socketPath, user: "root" });
    try {
      await connection.query(sql);
    } finally {
      await connection.end();
    }
  };
}

/** What the drivers have in common. */
type Connect = (options: { socketPath: string; user: string }) => Promise<{
  query(sql: string): Promise<unknown>;
  end(): Promise<unknown>;
}>;

async function findConnect(): Promise<Connect> {
  const mysql2 = await ifInstalled(() => import("mysql2/promise"));
  if (mysql2 !== undefined) return (options) => mysql2.createConnection(options);
  const mariadb = await ifInstalled(() => import("mariadb"));
  if (mariadb !== undefined) return (options) => mariadb.createConnection(options);
  throw new Error("startMariadb needs a driver to create databases with: npm install mysql2 (or mariadb)");
}

async function ifInstalled<M>(load: () => Promise<M>): Promise<M | undefined> {
  try {
    return await load();
  } catch (error) {
    const code = readProperty(error, "code");
    if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}
