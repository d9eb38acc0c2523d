import { createPool as createMariadbPool } from "mariadb";
import { createPool, type Pool } from "mysql2/promise";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { connectionCounts, untilConnected } from "../../../test/support/servers/connection-counts.ts";
import { describeEachEngine, type EnginePool } from "../../../test/support/servers/engines.ts";
import { type PrivateServer, startPrivateServer } from "../../testing/servers/private-server.ts";
import type { Database, Session } from "../database.ts";
import type { DatabaseHandle } from "../handles/handles.ts";
import { toDatabase } from "../handles/recognise.ts";

interface Lent {
  query(sql: string): Promise<unknown>;
  release(): unknown;
}

// Catches sessions that are cut off: the server counts each as an aborted client, which people take for a fault.
describeEachEngine((engine) => {
  let server: PrivateServer;
  let watch: Pool;
  const pools: EnginePool[] = [];

  beforeAll(async () => {
    server = await startPrivateServer({ vendor: engine.vendor });
    watch = createPool({ socketPath: server.socketPath, user: "root", connectionLimit: 1 });
    await watch.query("create database shop");
    await watch.query("create table shop.taken (id int primary key)");
    await watch.query("insert into shop.taken values (1)");
  });

  afterEach(async () => {
    await Promise.all(pools.splice(0).map((pool) => pool.end()));
    await untilConnected(watch, 1);
  });

  afterAll(async () => {
    await watch.end();
    await server.stop();
  });

  function openPool(): EnginePool {
    const options = { socketPath: server.socketPath, user: "root", database: "shop", connectionLimit: 3 };
    const pool = engine.driver === "mysql2" ? createPool(options) : createMariadbPool({ ...options, minimumIdle: 0 });
    pools.push(pool);
    return pool;
  }

  /** How many of the connections that ended under `work` were cut off. */
  async function abortedBy(work: () => Promise<unknown>): Promise<number> {
    const before = await connectionCounts(watch);
    await work();
    await Promise.all(pools.splice(0).map((pool) => pool.end()));
    await untilConnected(watch, 1);
    const after = await connectionCounts(watch);
    expect(after.made).toBeGreaterThan(before.made);
    return after.aborted - before.aborted;
  }

  async function sessions(database: Database, use: (session: Session) => Promise<unknown>): Promise<void> {
    for (let round = 0; round < 8; round++) await database.session(use).catch(() => undefined);
  }

  test("sessions that end well take their leave, and the pool has their places again", async () => {
    const aborted = await abortedBy(async () => {
      const pool = openPool();
      const database = toDatabase(pool as DatabaseHandle);
      await sessions(database, (session) => session.rows("select 1", []));
      expect(await Promise.all([1, 2, 3].map(() => database.session(async () => "lent")))).toEqual(
        Array(3).fill("lent"),
      );
      expect(database.poolState?.()).toMatchObject({ lent: 0, waiting: 0 });
    });
    expect(aborted).toBe(0);
  });

  test("a session in which a statement was refused takes its leave too", async () => {
    const insert = (session: Session): Promise<unknown> => session.run("insert into taken values (1)", []);
    expect(await abortedBy(() => sessions(toDatabase(openPool() as DatabaseHandle), insert))).toBe(0);
  });

  test("a connection with a transaction that its last user leaked is closed with a goodbye", async () => {
    const aborted = await abortedBy(async () => {
      const pool = openPool();
      const lent = (await pool.getConnection()) as Lent;
      await lent.query("start transaction");
      // The mariadb driver rolls back what it is given back; mysql2 does not.
      await lent.release();
      await toDatabase(pool as DatabaseHandle).rows("select 1", []);
    });
    expect(aborted).toBe(0);
  });

  // A goodbye would wait for the statement.
  test("a session that ends under a statement is cut off at once", async () => {
    const database = toDatabase(openPool() as DatabaseHandle);
    let sleeping: Promise<unknown> = Promise.resolve();
    await database.session(async (session) => {
      sleeping = session.rows("select sleep(60)", []).catch((error: unknown) => error);
    });
    expect(await sleeping).toBeInstanceOf(Error);
  });

  test("a session whose server has gone ends without an error", async () => {
    const database = toDatabase(openPool() as DatabaseHandle);
    await database.session(async (session) => {
      const [row] = await session.rows<{ id: number | bigint }>("select connection_id() as id", []);
      await watch.query(`kill ${row?.id}`);
      await untilConnected(watch, 1);
    });
    expect(await database.session(async () => "another")).toBe("another");
  });
});
