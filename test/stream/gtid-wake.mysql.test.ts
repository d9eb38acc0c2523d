import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { createPool as createMariadbPool } from "mariadb";
import type { Pool, RowDataPacket } from "mysql2/promise";
import { createTables, EventsTable, type EventsTableOptions, type EventStream } from "reflex-rsql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildLibrary } from "../model/built-library.ts";
import { describeEachServer, type EnginePool } from "../servers/engines.ts";
import { DATABASE, type ServerWithPools, startReplication, startServerWithPools } from "../servers/replication.ts";
import { makeTable, nothingWithin, openInsert, take } from "../streams/streams.ts";

const gtidFlags = ["--gtid-mode=ON", "--enforce-gtid-consistency=ON"];
/** Looks on time never come: what arrives was heard of. */
const onlyHeard = { wake: { hotMs: 600_000, idleMs: 600_000 }, backoffMs: 600_000 };

/** Inserts as another process does: nothing of this process is told. */
async function insertElsewhere(pool: Pool, table: EventsTable): Promise<void> {
  await pool.query(`insert into ${table.name} (foreign_id, timestamp, type) values ('elsewhere', utc_timestamp(6), 1)`);
}

/** Inserts one by one, each once the one before has arrived. */
async function arriveOneByOne(stream: EventStream, insert: () => Promise<void>, count = 10): Promise<string[]> {
  const ids: string[] = [];
  for (let round = 0; round < count; round++) {
    const arrived = take(stream, 1);
    await insert();
    ids.push(...(await arrived));
  }
  return ids;
}

/** The threads of the server on which someone waits for a commit. */
async function waits(pool: Pool): Promise<number[]> {
  const [rows] = await pool.query<RowDataPacket[]>(
    "select id as thread from information_schema.processlist where state = 'Waiting for GTID to be committed'",
  );
  return rows.map(({ thread }) => thread as number);
}

/** Resolves with the thread that waits for a commit, once there is one. */
async function waiting(pool: Pool): Promise<number> {
  await expect.poll(() => waits(pool), { interval: 10 }).toHaveLength(1);
  return (await waits(pool))[0] ?? 0;
}

function ids(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(first + index));
}

describeEachServer(({ vendor, createRawPool }) => {
  // MariaDB has no such function; MySQL has it only with gtid_mode.
  test("a server that does not tell of commits is looked at on time", async () => {
    const pool = await createRawPool();
    const table = await makeTable(pool, { backoffMs: 600_000 });
    const stream = table.stream(pool, "");
    expect(await arriveOneByOne(stream, () => insertElsewhere(pool, table))).toEqual(ids(1, 10));
    await stream.close();
  });

  if (vendor === "mariadb") return;

  describe("a MySQL server with gtid_mode", () => {
    let server: ServerWithPools;
    let root: Pool;
    let tables = 0;

    beforeAll(async () => {
      server = await startServerWithPools({ vendor, durable: true, flags: [...gtidFlags, "--sync-binlog=0"] });
      root = server.pool;
    });

    afterAll(async () => {
      await server[Symbol.asyncDispose]();
    });

    async function makeOwnTable(options: EventsTableOptions): Promise<EventsTable> {
      const table = new EventsTable(`heard_${++tables}`, options);
      await createTables(root, [table]);
      return table;
    }

    async function withMariadbPool(use: (pool: EnginePool) => Promise<void>, connectionLimit = 10): Promise<void> {
      const pool = createMariadbPool({
        socketPath: server.server.socketPath,
        user: "root",
        database: DATABASE,
        connectionLimit,
      });
      try {
        await use(pool);
      } finally {
        await pool.end();
      }
    }

    test("tells a stream of each event at once, through mysql2", async () => {
      const table = await makeOwnTable(onlyHeard);
      const stream = table.stream(server.openPool(), "");
      expect(await arriveOneByOne(stream, () => insertElsewhere(root, table), 50)).toEqual(ids(1, 50));
      await stream.close();
    });

    test("tells a stream of each event at once, through mariadb", async () => {
      await withMariadbPool(async (pool) => {
        const table = await makeOwnTable(onlyHeard);
        const stream = table.stream(pool, "");
        expect(await arriveOneByOne(stream, () => insertElsewhere(root, table), 50)).toEqual(ids(1, 50));
        await stream.close();
      });
    });

    test("tells a user without any privileges but those on the table", async () => {
      const table = await makeOwnTable(onlyHeard);
      await root.query("create user plain@localhost");
      await root.query(`grant select on ${table.name} to plain@localhost`);
      const stream = table.stream(server.openPool({ user: "plain" }), "");
      expect(await arriveOneByOne(stream, () => insertElsewhere(root, table))).toEqual(ids(1, 10));
      await stream.close();
    });

    // Catches a table that is looked up no more when its stream has left the head once, and one connection a table.
    test("tells the streams of several tables on one connection", async () => {
      const pool = server.openPool();
      const [first, second] = [await makeOwnTable(onlyHeard), await makeOwnTable(onlyHeard)];
      const streams = [first.stream(pool, ""), second.stream(pool, "")] as const;
      const [one, two] = [
        arriveOneByOne(streams[0], () => insertElsewhere(root, first)),
        arriveOneByOne(streams[1], () => insertElsewhere(root, second)),
      ];
      expect([await one, await two]).toEqual([ids(1, 10), ids(1, 10)]);
      const ends = streams.map((stream) => stream.next());
      await waiting(root);
      await Promise.all(streams.map((stream) => stream.close()));
      await Promise.all(ends);
    });

    // Catches looks on time that end where one after a commit begins, and a hint that is relied on though it is silent.
    test("is looked at on time too: for commits without an id, among those that it tells of", async () => {
      const table = await makeOwnTable({ backoffMs: 600_000 });
      const unlogged = await root.getConnection();
      await unlogged.query("set session sql_log_bin = 0");
      const stream = table.stream(server.openPool(), "");
      let round = 0;
      const insert = (): Promise<void> =>
        insertElsewhere(round++ % 3 === 0 ? root : (unlogged as unknown as Pool), table);
      expect(await arriveOneByOne(stream, insert, 60)).toEqual(ids(1, 60));
      await stream.close();
      unlogged.destroy();
    });

    test("takes no connection with gtid: false", async () => {
      const table = await makeOwnTable({ wake: { gtid: false } });
      const stream = table.stream(server.openPool(), "");
      expect(await arriveOneByOne(stream, () => insertElsewhere(root, table))).toEqual(ids(1, 10));
      await expectNoWait(stream);
    });

    // Catches one that leaves a pool of four with nothing for its user while a hole is open.
    test("takes no connection of a pool of less than five", async () => {
      const table = await makeOwnTable({});
      const stream = table.stream(server.openPool({ connectionLimit: 4 }), "");
      expect(await arriveOneByOne(stream, () => insertElsewhere(root, table))).toEqual(ids(1, 10));
      await expectNoWait(stream);
    });

    /** That nobody waits for a commit though the stream is at its head. Closes it. */
    async function expectNoWait(stream: EventStream): Promise<void> {
      const end = stream.next();
      await nothingWithin(300);
      expect(await waits(root)).toEqual([]);
      await stream.close();
      await end;
    }

    test("has its connection given back to a pool of five that has no other left, and the stream goes on", async () => {
      const table = await makeOwnTable({ backoffMs: 600_000 });
      const pool = server.openPool({ connectionLimit: 5 });
      const stream = table.stream(pool, "");
      const arrived = take(stream, 1);
      await waiting(root);
      const taken = await Promise.all(Array.from({ length: 4 }, () => pool.getConnection()));
      await insertElsewhere(root, table);
      expect(await arrived).toEqual(["1"]);
      for (const connection of taken) connection.release();
      await stream.close();
    });

    test("has its connection given back to a mariadb pool of three, whose size is not known", async () => {
      await withMariadbPool(async (pool) => {
        const table = await makeOwnTable({ backoffMs: 600_000 });
        const stream = table.stream(pool, "");
        const arrived = take(stream, 1);
        await waiting(root);
        const taken = [await pool.getConnection(), await pool.getConnection()];
        await insertElsewhere(root, table);
        expect(await arrived).toEqual(["1"]);
        for (const connection of taken) await connection.release();
        await stream.close();
      }, 3);
    });

    // Catches one that never listens again, and one that misses what was committed while nobody listened.
    test("is listened to again after the waiting connection was killed", async () => {
      const table = await makeOwnTable(onlyHeard);
      const stream = table.stream(server.openPool(), "");
      const arrived = take(stream, 1);
      await root.query(`kill ${await waiting(root)}`);
      await insertElsewhere(root, table);
      expect(await arrived).toEqual(["1"]);
      expect(await arriveOneByOne(stream, () => insertElsewhere(root, table))).toEqual(ids(2, 10));
      await stream.close();
    });

    // Catches a wait for all of a set with tags, or for a number that belongs to a tag.
    test("tells of commits without a tag among those with one, which are found on time", async () => {
      const tagging = await root.getConnection();
      await tagging.query("set session gtid_next = 'AUTOMATIC:nightly'");
      const table = await makeOwnTable({ wake: { hotMs: 50, idleMs: 50 }, backoffMs: 600_000 });
      const stream = table.stream(server.openPool(), "");
      const arrived = take(stream, 5);
      for (let round = 0; round < 5; round++) await insertElsewhere(tagging as unknown as Pool, table);
      expect(await arrived).toEqual(ids(1, 5));
      await stream.close();
      tagging.destroy();
      const heard = table.clone(onlyHeard).stream(server.openPool(), "5");
      expect(await arriveOneByOne(heard, () => insertElsewhere(root, table))).toEqual(ids(6, 10));
      await heard.close();
    });

    // Catches a wait that outlives its stream, and a process that it keeps alive.
    test("has its connection back at once when the stream is closed or aborted", async () => {
      await withMariadbPool(async (pool) => {
        const table = await makeOwnTable(onlyHeard);
        const abort = new AbortController();
        const aborted = table.stream(pool, "", { signal: abort.signal });
        const failed = expect(aborted.next()).rejects.toThrow("enough");
        await waiting(root);
        abort.abort(new Error("enough"));
        await failed;
        await aborted.close();
        await expectNoneActive(pool);
        await expect.poll(() => waits(root), { interval: 10 }).toEqual([]);
        const closed = table.stream(pool, "");
        const end = closed.next();
        await waiting(root);
        await closed.close();
        await end;
        await expectNoneActive(pool);
      });
    });

    /** Once what follows a close at once has happened. */
    async function expectNoneActive(pool: EnginePool): Promise<void> {
      await new Promise((resolve) => setImmediate(resolve));
      expect("activeConnections" in pool && pool.activeConnections()).toBe(0);
    }

    test("lets a process end, through mysql2 and mariadb", async () => {
      const library = await buildLibrary();
      try {
        await Promise.all(["mysql2/promise", "mariadb"].map((driver) => runToItsEnd(driver, library.url)));
      } finally {
        await library.remove();
      }
    });

    /** Runs a process that closes a stream which listens, and then its pool. */
    async function runToItsEnd(driver: string, library: string): Promise<void> {
      const table = await makeOwnTable({});
      const { socketPath } = server.server;
      const program = `
        import { createPool } from ${JSON.stringify(import.meta.resolve(driver))};
        import { EventsTable } from ${JSON.stringify(library)};
        const pool = createPool(${JSON.stringify({ socketPath, user: "root", database: DATABASE })});
        const table = new EventsTable(${JSON.stringify(table.name)});
        const stream = table.stream(pool, "");
        const waits = "select 1 from information_schema.processlist where state = 'Waiting for GTID to be committed'";
        const end = stream.next();
        for (let found = []; found.length === 0; ) {
          const answer = await pool.query(waits);
          found = Array.isArray(answer[0]) ? answer[0] : answer;
        }
        await stream.close();
        await end;
        await pool.end();`;
      await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], { timeout: 20_000 });
    }

    test("is asked at most 25 statements a second by streams that wait at the heads of five tables", async () => {
      const pool = server.openPool();
      const streams: EventStream[] = [];
      for (let count = 0; count < 5; count++) streams.push((await makeOwnTable({})).stream(pool, ""));
      const ends = streams.map((stream) => stream.next());
      await waiting(root);
      const [before, startedAt] = [await selects(), performance.now()];
      await nothingWithin(3000);
      const [after, seconds] = [await selects(), (performance.now() - startedAt) / 1000];
      expect((after - before) / seconds).toBeLessThanOrEqual(25);
      await Promise.all(streams.map((stream) => stream.close()));
      await Promise.all(ends);
    });

    /** How many queries the server has run. */
    async function selects(): Promise<number> {
      const [[row]] = await root.query<RowDataPacket[]>("show global status like 'Com_select'");
      return Number(row?.["Value"]);
    }

    test("lets a hole be closed while streams listen", async () => {
      const pool = server.openPool({ connectionLimit: 5 });
      const table = await makeOwnTable({ backoffMs: 600_000 });
      const stream = table.stream(pool, "");
      const arrived = take(stream, 1);
      await waiting(root);
      await (await openInsert(root, table)).rollback();
      await insertElsewhere(root, table);
      expect(await arrived).toEqual(["2"]);
      await stream.close();
    });

    // The server refuses OFF as long as anyone waits for a commit. The last test of this server.
    test("can have gtid_mode switched off while streams listen, which then look on time", async () => {
      const table = await makeOwnTable({ backoffMs: 600_000 });
      const stream = table.stream(server.openPool(), "");
      const arrived = take(stream, 1);
      await waiting(root);
      await root.query("set global gtid_mode = ON_PERMISSIVE");
      await root.query("set global gtid_mode = OFF_PERMISSIVE");
      const switchOff = (): Promise<string> =>
        root.query("set global gtid_mode = OFF").then(
          () => "off",
          (error: Error) => error.message,
        );
      await expect.poll(switchOff, { interval: 100 }).toBe("off");
      await insertElsewhere(root, table);
      expect(await arrived).toEqual(["1"]);
      expect(await arriveOneByOne(stream, () => insertElsewhere(root, table))).toEqual(ids(2, 10));
      await stream.close();
    });
  });

  describe("a replica", () => {
    // Catches one that waits for ever for ids of its own, and one that then looks less often.
    test("whose own ids stand still is looked at on time, and the useless connection given back", async () => {
      await using replication = await startReplication(vendor, gtidFlags, gtidFlags);
      const primary = replication.primary.pool;
      const table = new EventsTable("replicated", { backoffMs: 600_000 });
      await createTables(primary, [table]);
      await replication.caughtUp();
      const stream = table.stream(replication.replica.openPool(), "");
      const first = take(stream, 1);
      await waiting(replication.replica.pool);
      await insertElsewhere(primary, table);
      expect(await first).toEqual(["1"]);
      const next = stream.next();
      await expect.poll(() => waits(replication.replica.pool), { interval: 20 }).toEqual([]);
      await insertElsewhere(primary, table);
      await next;
      expect(await arriveOneByOne(stream, () => insertElsewhere(primary, table))).toEqual(ids(3, 10));
      await stream.close();
    });
  });
});
