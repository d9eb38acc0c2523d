import { createPool as createMariadbPool } from "mariadb";
import { createPool as createMysql2Pool, type Pool as Mysql2Pool } from "mysql2/promise";
import { createTables } from "reflex-rsql";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { describeEachEngine, type Engine, type EnginePool } from "../servers/engines.ts";
import { DATABASE, type ServerWithPools, startServerWithPools } from "../servers/server-with-pools.ts";
import { tables } from "./database-calls.ts";

/** Where a pool of a test connects; what is left out is right. */
export interface Place {
  readonly host?: string;
  readonly port?: number;
  readonly socketPath?: string;
  readonly database?: string;
  readonly user?: string;
}

/** A name that no database has. */
export const MISSING_DATABASE = "nowhere";

/** The most connections of a pool of a test. */
const CONNECTIONS = 5;

const names = [...tables.map(({ name }) => name), "errors_events"];

/** A server with the tables, all empty, and what may go wrong with others: see {@link setUp}. */
export class DatabaseSubject {
  readonly engine: Pick<Engine, "vendor" | "driver" | "poolTellsCause">;
  #server: ServerWithPools | undefined;
  readonly #pools: EnginePool[] = [];

  constructor(engine: Pick<Engine, "vendor" | "driver" | "poolTellsCause">) {
    this.engine = engine;
  }

  /** As root, past the driver under test. */
  get root(): Mysql2Pool {
    return this.#started.pool;
  }

  get #started(): ServerWithPools {
    if (this.#server === undefined) throw new Error("the server is not started");
    return this.#server;
  }

  async start(): Promise<void> {
    // Privileges count only where there are grant tables.
    this.#server = await startServerWithPools({ vendor: this.engine.vendor, durable: true });
    await setUp(this.root);
  }

  async stop(): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }

  /** A pool of the driver that is ended after the test, so that the server's connections suffice. */
  openPool(place: Place = {}): EnginePool {
    const socket = place.host === undefined ? { socketPath: this.#started.server.socketPath } : {};
    const options = { ...socket, user: "root", database: DATABASE, connectionLimit: CONNECTIONS, ...place };
    const pool =
      this.engine.driver === "mysql2"
        ? createMysql2Pool(options)
        : createMariadbPool({ ...options, minimumIdle: 1, ...(isReachable(place) ? {} : { acquireTimeout: 200 }) });
    this.#pools.push(pool);
    return pool;
  }

  async endPools(): Promise<void> {
    await Promise.all(this.#pools.splice(0).map((pool) => pool.end()));
  }

  /** How many rows there are in all tables. */
  async storedRows(): Promise<number> {
    const counts = names.map((name) => `(select count(*) from ${name})`);
    return this.#number(`select ${counts.join(" + ")} as number`);
  }

  /** How many statements wait for a lock. */
  async waiting(): Promise<number> {
    return this.#number(
      "select count(*) as number from information_schema.processlist where state like 'waiting for % lock'",
    );
  }

  /** Holds up each statement on the tables until what it returns is called. */
  async lock(what: "tables" | "server"): Promise<() => Promise<void>> {
    const holder = await this.root.getConnection();
    await holder.query(
      what === "tables" ? `lock tables ${names.join(" write, ")} write` : "flush tables with read lock",
    );
    return async () => {
      await holder.query("unlock tables");
      holder.release();
    };
  }

  async #number(sql: string): Promise<number> {
    const [rows] = (await this.root.query(sql)) as unknown as [{ number: number }[]];
    return Number(rows[0]?.number);
  }
}

/** The pool of mariadb tries again until its time-out where there is nothing. */
export function isReachable({ host, socketPath, database }: Place): boolean {
  return host === undefined && socketPath === undefined && database !== MISSING_DATABASE;
}

/** Catches a connection that is kept by a failure, so that the last of all fails for want of one. */
export async function expectUsable(pool: EnginePool): Promise<void> {
  const lent = await Promise.all(Array.from({ length: CONNECTIONS }, () => pool.getConnection()));
  for (const connection of lent) void connection.release();
  expect(lent).toHaveLength(CONNECTIONS);
}

/** Databases without tables (`blank`) and without their columns (`bare`), and a user who may see nothing of them. */
async function setUp(root: Mysql2Pool): Promise<void> {
  await createTables(root, tables);
  await root.query("create database blank");
  await root.query("create database bare");
  for (const name of names) {
    // oxlint-disable-next-line eslint/no-await-in-loop -- few
    await root.query(`create table bare.${name} (id bigint primary key auto_increment)`);
  }
  await root.query("create user stranger@localhost");
  await root.query("create table other (id int primary key)");
  await root.query(`grant select on ${DATABASE}.other to stranger@localhost`);
}

/** Registers the tests once a pair of server and driver. */
export function describeEachSubject(register: (subject: DatabaseSubject) => void): void {
  describeEachEngine((engine) => {
    const subject = new DatabaseSubject(engine);
    beforeAll(() => subject.start());
    afterAll(() => subject.stop());
    afterEach(() => subject.endPools());
    register(subject);
  });
}
