import { createPool, type Pool, type PoolOptions } from "mysql2/promise";
import { CursorsTable, createConsumer, createTables, ErrorsTable, EventsTable, run, transaction } from "reflex-rsql";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { describeEachServer } from "../servers/engines.ts";
import { DATABASE, type ServerWithPools, startServerWithPools } from "../servers/replication.ts";
import { failureOf } from "./refusing-database.ts";

const LIMIT_MS = 5000;

const events = new EventsTable("orders", { wake: false });
const cursors = new CursorsTable("cursors", { asyncPeriodMs: 0 });
const errors = new ErrorsTable({ tableName: "errors" });
const tables = [events, cursors, errors];
const consumer = createConsumer("mailer", () => undefined);
const failed = { consumer: "mailer", eventId: "1", message: "no" };

interface Call {
  readonly call: string;
  /** The table that its message must name. */
  readonly table: string;
  readonly use: (pool: Pool, signal?: AbortSignal) => Promise<unknown>;
}

/** Each with tables of its own, since what one has found out of them is remembered. */
const inserts: readonly Call[] = [
  { call: "insert", table: "orders", use: (pool) => events.clone().insert(pool, "a", 1) },
  {
    call: "insertMany",
    table: "orders",
    use: (pool) => events.clone().insertMany(pool, [{ foreignId: "a", type: 1 }]),
  },
];
const calls: readonly Call[] = [
  {
    call: "start",
    table: "orders",
    use: (pool, signal) => ended(events.clone().stream(pool, "", { signal }), "start"),
  },
  { call: "next", table: "orders", use: (pool, signal) => ended(events.clone().stream(pool, "", { signal }), "next") },
  { call: "getCursor", table: "cursors", use: (pool, signal) => cursors.clone().getCursor(pool, "mailer", { signal }) },
  {
    call: "setCursor",
    table: "cursors",
    use: (pool, signal) => cursors.clone().toStore(pool).setCursor("mailer", "1", { signal }),
  },
  {
    call: "run",
    table: "cursors",
    use: (pool, signal) =>
      run({ stream: events.clone().toStream(pool), cursors: cursors.clone().toStore(pool), consumer }, { signal }),
  },
  {
    call: "an error inserter",
    table: "errors",
    use: (pool, signal) => ownErrors().toErrorInserter(pool)(failed, { signal }),
  },
  { call: "list", table: "errors", use: (pool, signal) => ownErrors().list(pool, { signal }) },
  { call: "resolve", table: "errors", use: (pool, signal) => ownErrors().resolve(pool, "1", { signal }) },
  { call: "retry", table: "errors", use: (pool, signal) => ownErrors().retry(pool, "1", { consumer, events, signal }) },
  {
    call: "retryAll",
    table: "errors",
    use: (pool, signal) => ownErrors().retryAll(pool, { consumer, events, signal }),
  },
];
const creation: Call = {
  call: "createTables",
  table: "orders",
  use: (pool, signal) => createTables(pool, tables, { signal }),
};

function ownErrors(): ErrorsTable {
  return new ErrorsTable({ tableName: "errors" });
}

async function ended(stream: ReturnType<EventsTable["stream"]>, call: "start" | "next"): Promise<unknown> {
  try {
    return await stream[call]();
  } finally {
    await stream.close();
  }
}

describeEachServer(({ vendor }) => {
  let server: ServerWithPools;
  let root: Pool;

  // Privileges count only where there are grant tables.
  beforeAll(async () => {
    server = await startServerWithPools({ vendor, durable: true });
    root = server.pool;
    await createTables(root, tables);
    await root.query("create database blank");
    await root.query("create database bare");
    for (const { name } of [...tables, { name: "errors_events" }]) {
      await root.query(`create table bare.${name} (id bigint primary key auto_increment)`);
    }
    await root.query("create user stranger@localhost");
    await root.query("create table other (id int primary key)");
    await root.query(`grant select on ${DATABASE}.other to stranger@localhost`);
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  const pools: Pool[] = [];

  /** A pool that is ended after the test, so that the server's connections suffice. */
  function openPool(options: PoolOptions = {}): Pool {
    const place = options.host === undefined ? { socketPath: server.server.socketPath } : {};
    const pool = createPool({ ...place, user: "root", database: DATABASE, connectionLimit: 5, ...options });
    pools.push(pool);
    return pool;
  }

  afterEach(async () => {
    await Promise.all(pools.splice(0).map((pool) => pool.end()));
  });

  /** How many rows there are in all tables. */
  async function storedRows(): Promise<number> {
    const counts = [...tables, { name: "errors_events" }].map(({ name }) => `(select count(*) from ${name})`);
    const [rows] = (await root.query(`select ${counts.join(" + ")} as total`)) as unknown as [{ total: number }[]];
    return Number(rows[0]?.total);
  }

  /** What the call fails with, in time, with nothing written. */
  async function failureIn(pool: Pool, { use }: Call): Promise<unknown> {
    const startedAt = performance.now();
    const error = await failureOf(() => use(pool));
    expect(performance.now() - startedAt).toBeLessThan(LIMIT_MS);
    expect(await storedRows()).toBe(0);
    return error;
  }

  /** A ReflexError of this code, whose message names the table and then says what to do. */
  function reflexError(code: string, { table }: Call, says: RegExp): object {
    const message = expect.stringMatching(new RegExp(`\\b${table}\\b.*(${says.source})`, "s")) as string;
    return { name: "ReflexError", code, message };
  }

  // Catches: a connection that is kept by the failure, so that the last of five fails for want of one.
  async function expectUsable(pool: Pool) {
    const lent = await Promise.all(Array.from({ length: 5 }, () => pool.getConnection()));
    for (const connection of lent) connection.release();
    expect(lent).toHaveLength(5);
  }

  // Catches: a driver's error without a code of ours, or without the table's name or what to do.
  test.each([...inserts, ...calls])("$call without its table says how to make it", async (call) => {
    const pool = openPool({ database: "blank" });
    expect(await failureIn(pool, call)).toMatchObject(reflexError("wrong_schema", call, /createTables/));
    await expectUsable(pool);
  });

  // Catches: a missing column found with the first event only, or without the option that names another.
  test.each([...inserts, ...calls])("$call without a column says which, and the option for another", async (call) => {
    const pool = openPool({ database: "bare" });
    const expected = reflexError("wrong_schema", call, /[cC]olumn .*(option|\.\.\.Field)/);
    expect(await failureIn(pool, call)).toMatchObject(expected);
    await expectUsable(pool);
  });

  // Catches: a table that may not be seen taken for an empty one.
  test.each([...inserts, ...calls, creation])("$call without the privilege says so", async (call) => {
    const pool = openPool({ user: "stranger" });
    const error = (await failureOf(() => call.use(pool))) as Error;
    expect(error).toMatchObject({ code: expect.stringMatching(/^(database_error|wrong_schema)$/) as string });
    expect(error.message).toContain(call.table);
    expect(error.message).toMatch(/denied.*grant|may not see it/is);
    expect(await storedRows()).toBe(0);
    await expectUsable(pool);
  });

  describe.each<{ what: string; options: PoolOptions; says: RegExp }>([
    {
      what: "a server at a closed port",
      options: { host: "127.0.0.1", port: 1 },
      says: /ECONNREFUSED.*check that the server runs/s,
    },
    {
      what: "a socket that is not there",
      options: { socketPath: "/nonexistent/s.sock" },
      says: /ENOENT.*check that the server runs/s,
    },
    { what: "a wrong database name", options: {}, says: /'nowhere'.*create the database, or name the right one/s },
  ])("with $what", ({ options, says }) => {
    // Catches: a retry without end, and an error that tells neither the address nor what to look at.
    test.each([...inserts, ...calls, creation])("$call fails at once and says what to look at", async (call) => {
      const pool = openPool({ database: "nowhere", ...options });
      expect(await failureIn(pool, call)).toMatchObject(reflexError("database_error", call, says));
    });
  });

  // Catches: an abort that waits for the server, and a statement that takes effect after it.
  test.each([...calls.filter(({ call }) => call !== "resolve" && call !== "retry"), creation])(
    "$call ends with the signal's reason while the server holds it up, and writes nothing",
    async ({ call, use }) => {
      const pool = openPool();
      const holder = await root.getConnection();
      const reason = new Error("closing");
      const abort = new AbortController();
      try {
        const names = [...tables.map(({ name }) => name), "errors_events"];
        // MySQL's CREATE TABLE IF NOT EXISTS passes by the lock of a table that exists.
        const locks = `lock tables ${names.join(" write, ")} write`;
        await holder.query(vendor === "mysql" && call === "createTables" ? "flush tables with read lock" : locks);
        const failure = failureOf(() => use(pool, abort.signal));
        await expect.poll(() => waiting(root), { timeout: LIMIT_MS, interval: 10 }).toBeGreaterThan(0);
        abort.abort(reason);
        expect(await failure).toBe(reason);
      } finally {
        await holder.query("unlock tables");
        holder.release();
      }
      await expect.poll(() => waiting(root), { timeout: LIMIT_MS, interval: 10 }).toBe(0);
      expect(await storedRows()).toBe(0);
      await expectUsable(pool);
    },
  );

  test("transaction() rolls back what was inserted before its signal was aborted", async () => {
    // Catches: a COMMIT after the abort.
    const abort = new AbortController();
    const reason = new Error("closing");
    const pool = openPool();
    const use = async (tx: Parameters<typeof events.insert>[0]): Promise<void> => {
      await events.insert(tx, "a", 1);
      abort.abort(reason);
    };
    expect(await failureOf(() => transaction(pool, use, { signal: abort.signal }))).toBe(reason);
    expect(await storedRows()).toBe(0);
    await expectUsable(pool);
  });

  test("flush() fails when the table is gone, names it, and writes the cursor once it is back", async () => {
    // Catches: a cursor that is forgotten since its writing failed.
    const held = new CursorsTable("held_cursors", { asyncPeriodMs: 3_600_000 });
    await createTables(root, [held]);
    await held.getCursor(root, "mailer");
    await held.setCursor(root, "mailer", "7");
    await root.query("drop table held_cursors");
    const error = await failureOf(() => held.flush());
    expect(error).toMatchObject({ code: "wrong_schema" });
    expect((error as Error).message).toMatch(/held_cursors.*createTables/s);
    await createTables(root, [held]);
    await held.close();
    expect(await held.clone().getCursor(root, "mailer")).toBe("7");
  });
});

/** How many statements wait for a lock. */
async function waiting(root: Pool): Promise<number> {
  const [rows] = (await root.query(
    "select count(*) as waiting from information_schema.processlist where state like 'waiting for % lock'",
  )) as unknown as [{ waiting: number }[]];
  return Number(rows[0]?.waiting);
}
