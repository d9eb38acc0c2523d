import { readdir, readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { createPool as createMariadbPool } from "mariadb";
import { createPool } from "mysql2/promise";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { describeEachEngine, type EnginePool } from "../../../test/support/servers/engines.ts";
import { type PrivateServer, startPrivateServer } from "../../testing/servers/private-server.ts";
import { toDatabase } from "../handles/recognise.ts";
import { transaction } from "../handles/transaction.ts";

interface Lent {
  readonly threadId: number | null;
  query(sql: string): Promise<unknown>;
  release(): unknown;
}

const timeLimit: unknown = expect.objectContaining({ name: "ReflexError", code: "time_limit" });

describeEachEngine((engine) => {
  let server: PrivateServer;
  const pools: EnginePool[] = [];
  const sockets: Socket[] = [];

  beforeAll(async () => {
    server = await startPrivateServer({ vendor: engine.vendor });
  });

  afterEach(async () => {
    resume();
    await Promise.all(pools.splice(0).map((pool) => pool.end()));
    sockets.length = 0;
  });

  afterAll(() => server.stop());

  /** A pool of one whose server stands still: with a connection that is open, or none. */
  async function stoppedServer(connections: "open" | "none"): Promise<EnginePool> {
    const pool = createPoolOfOne();
    if (connections === "open") await ((await pool.getConnection()) as Lent).release();
    await stop();
    return pool;
  }

  function createPoolOfOne(): EnginePool {
    const options = { user: "root", connectionLimit: 1 };
    const pool =
      engine.driver === "mysql2"
        ? createPool({ ...options, stream: () => openSocket() })
        : createMariadbPool({ ...options, minimumIdle: 1, stream: (opened) => opened(undefined, openSocket()) });
    pools.push(pool);
    return pool;
  }

  function openSocket(): Socket {
    const socket = connect(server.socketPath);
    sockets.push(socket);
    return socket;
  }

  async function stop(): Promise<void> {
    process.kill(server.pid, "SIGSTOP");
    while (!(await standsStill(server.pid))) await new Promise((resolve) => setImmediate(resolve));
  }

  function resume(): void {
    process.kill(server.pid, "SIGCONT");
  }

  describe("with a server that stands still under the first statement of a connection", () => {
    test("a transaction ends with time_limit, and the pool works again once the server does", async () => {
      const pool = await stoppedServer("open");
      let begun = false;
      const begin = async (): Promise<void> => {
        begun = true;
      };
      await expect(transaction(pool, begin, { timeoutMs: 200 })).rejects.toThrow(timeLimit);
      expect(begun).toBe(false);
      resume();
      await expectUsable(pool);
    });

    test("a read ends with time_limit, and the pool works again once the server does", async () => {
      const pool = await stoppedServer("open");
      const reading = toDatabase(pool).rows("select 1", [], { timeoutMs: 200 });
      await expect(reading).rejects.toThrow(timeLimit);
      resume();
      await expectUsable(pool);
    });

    test("a connection that was given up on leaves no socket that would keep the process alive", async () => {
      const pool = createPoolOfOne();
      await ((await pool.getConnection()) as Lent).release();
      await stop();
      await expect(transaction(pool, async () => undefined, { timeoutMs: 50 })).rejects.toThrow(timeLimit);
      // The mariadb driver first tries for a second to end the statement through another connection.
      await expect.poll(() => sockets.every((socket) => socket.destroyed), { timeout: 5000 }).toBe(true);
    });

    test("a session ends with time_limit, and the pool works again once the server does", async () => {
      const pool = await stoppedServer("open");
      const reading = toDatabase(pool).session(async () => undefined, { timeoutMs: 200 });
      await expect(reading).rejects.toThrow(timeLimit);
      resume();
      await expectUsable(pool);
    });

    test("an abort rejects with its reason, and the pool works again once the server does", async () => {
      const pool = await stoppedServer("open");
      const abort = new AbortController();
      const reason = new Error("enough");
      const reading = toDatabase(pool).rows("select 1", [], { signal: abort.signal });
      setImmediate(() => abort.abort(reason));
      await expect(reading).rejects.toBe(reason);
      resume();
      await expectUsable(pool);
    });
  });

  describe("with a server that stands still while a connection is made", () => {
    test("the wait for it ends with time_limit, and what arrives later goes back to the pool", async () => {
      const pool = await stoppedServer("none");
      const failing = transaction(pool, async () => undefined, { acquireTimeoutMs: 200 });
      await expect(failing).rejects.toThrow(timeLimit);
      resume();
      await expectUsable(pool);
    });

    test("an abort rejects with its reason, and what arrives later goes back to the pool", async () => {
      const pool = await stoppedServer("none");
      const abort = new AbortController();
      const reason = "not even an error";
      const failing = transaction(pool, async () => undefined, { signal: abort.signal });
      setImmediate(() => abort.abort(reason));
      await expect(failing).rejects.toBe(reason);
      resume();
      await expectUsable(pool);
    });
  });

  describe("with a server that stands still during a transaction", () => {
    test("a statement of ours ends with time_limit, its connection is closed and nothing commits", async () => {
      const pool = createPoolOfOne();
      const database = toDatabase(pool);
      let thread: number | null = null;
      const session = database.session(async (executor) => {
        const [row] = await executor.rows<{ id: number | bigint }>("select connection_id() as id", []);
        thread = Number(row?.id);
        await stop();
        await executor.rows("select 1", [], { timeoutMs: 200 });
      });
      await expect(session).rejects.toThrow(timeLimit);
      resume();
      const lent = (await pool.getConnection()) as Lent;
      expect(lent.threadId).not.toBe(thread);
      await lent.release();
    });
  });

  test("an abort that came before the call rejects with its reason and asks the pool for nothing", async () => {
    const pool = await engine.createPool({ connectionLimit: 1 });
    const signal = AbortSignal.abort("before");
    await expect(transaction(pool, async () => undefined, { signal })).rejects.toBe("before");
    await expect(toDatabase(pool).rows("select 1", [], { signal })).rejects.toBe("before");
    await expect(toDatabase(pool).run("do 1", [], { signal })).rejects.toBe("before");
    await expect(toDatabase(pool).session(async () => undefined, { signal })).rejects.toBe("before");
    await expectUsable(pool);
  });

  test("an abort while a connection is awaited gives the connection that comes later back to the pool", async () => {
    const pool = await engine.createPool({ connectionLimit: 1 });
    const lent = (await pool.getConnection()) as Lent;
    const abort = new AbortController();
    const waiting = transaction(pool, async () => undefined, { signal: abort.signal });
    abort.abort("enough");
    await expect(waiting).rejects.toBe("enough");
    await lent.release();
    await expectUsable(pool);
  });

  test("an abort during a transaction's own work rolls it back", async () => {
    const pool = await engine.createPool({ connectionLimit: 1 });
    const raw = await engine.createRawPool();
    await raw.query("create table aborted (id int primary key)");
    const abort = new AbortController();
    const use = async (tx: unknown): Promise<void> => {
      await (tx as Lent).query("insert into aborted values (1)");
      abort.abort("enough");
    };
    await expect(transaction(pool, use, { signal: abort.signal })).rejects.toBe("enough");
    expect(await toDatabase(pool).rows("select id from aborted", [])).toEqual([]);
  });
});

// The signal has been sent when kill() returns; each thread of the server goes on until it takes notice.
async function standsStill(pid: number): Promise<boolean> {
  if (process.platform !== "linux") return true;
  const threads = await readdir(`/proc/${pid}/task`);
  const states = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, "utf8")));
  return states.every((state) => /\) T /.test(state));
}

async function expectUsable(pool: EnginePool): Promise<void> {
  const [row] = await toDatabase(pool).rows<{ one: string }>("select cast(1 as char) as one", []);
  expect(row).toEqual({ one: "1" });
}
