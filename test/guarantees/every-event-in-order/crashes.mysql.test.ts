import { createPool, type Pool } from "mysql2/promise";
import { createTables, type ErrorReport, type EventStream, EventsTable, type ReflexEvent } from "reflex-rsql";
import { afterEach, describe, expect, test } from "vitest";
import { type PrivateServer, startPrivateServer } from "../../../src/testing/servers/private-server.ts";
import { describeEachServer } from "../../support/servers/engines.ts";
import { eventIds, Reports } from "../../support/streams/gaps.ts";
import { openInsert, take } from "../../support/streams/streams.ts";

const LOAD_MS = 400;

describeEachServer((engine) => {
  const started: AsyncDisposable[] = [];

  afterEach(async () => {
    for (const one of started.splice(0).toReversed()) await one[Symbol.asyncDispose]();
  });

  interface Place {
    readonly server: PrivateServer;
    readonly pool: Pool;
    readonly table: EventsTable;
    readonly errors: Reports<ErrorReport>;
    /** Gives a new pool: the first use of a connection that the crash has broken fails, which is not the matter here. */
    readonly restart: () => Promise<Pool>;
  }

  /** A server of the test's own, a pool and an events table on it. */
  async function place(flags: readonly string[] = []): Promise<Place> {
    // Only such a one has its data folder on the disk by the time it is killed.
    const server = await startPrivateServer({ vendor: engine.vendor, durable: true, flags });
    started.push(server);
    const admin = createPool({ socketPath: server.socketPath, user: "root", connectionLimit: 1 });
    await admin.query("create database shop");
    await admin.end();
    const connect = (): Pool => {
      const made = createPool({ socketPath: server.socketPath, user: "root", database: "shop", connectionLimit: 16 });
      started.push({ [Symbol.asyncDispose]: () => made.end().catch(() => undefined) });
      return made;
    };
    const pool = connect();
    const errors = new Reports<ErrorReport>();
    const table = new EventsTable("events", { confirmMs: 300, backoffMs: 100, observer: { error: errors.add } });
    await createTables(pool, [table]);
    const restart = async (): Promise<Pool> => {
      await server.restart();
      return connect();
    };
    return { server, pool, table, errors, restart };
  }

  describe("a server that is killed with rows in flight only", () => {
    // Catches a cursor from READ UNCOMMITTED, a maximum or the counter: the server gives those ids again.
    test("gives their ids again, and each event that commits is delivered once", async () => {
      const { server, pool, table, errors, restart } = await place();
      await table.insertMany(
        pool,
        ["a", "b", "c"].map((foreignId) => ({ foreignId, type: 1 })),
      );
      const stream = table.stream(pool, "");
      expect(await take(stream, 3)).toEqual(["1", "2", "3"]);
      const next = takeEvents(stream, 2);
      const fromHead = table.stream(pool, "", { fromHead: true });
      const open = await openInsert(pool, table, ["never", "never"]);
      expect(await fromHead.start()).toBe("3");
      const nextFromHead = takeEvents(fromHead, 2);
      expect(stream.position).toBe("3");
      await server.crash();
      await errors.first();
      open.connection.destroy();
      const writer = await restart();
      const ids: (string | undefined)[] = [];
      for (const foreignId of ["d", "e"]) ids.push((await table.insert(writer, foreignId, 1)).eventId);
      for (const delivered of [await next, await nextFromHead]) {
        expect(delivered.map(({ foreignId }) => foreignId)).toEqual(["d", "e"]);
        expect(delivered.map(({ id }) => id)).toEqual(ids);
      }
      await stream.close();
      await fromHead.close();
    });

    // Catches what was seen in flight before the crash and counts as fillable after it: a new writer would lose its id.
    test("has the gap that they leave below a committed row closed after the restart", async () => {
      const { server, pool, table, errors, restart } = await place();
      await table.insert(pool, "a", 1);
      const open = await openInsert(pool, table);
      await table.insert(pool, "c", 1);
      const stream = table.stream(pool, "");
      expect(await take(stream, 1)).toEqual(["1"]);
      const next = take(stream, 2);
      await server.crash();
      await errors.first();
      open.connection.destroy();
      await table.insert(await restart(), "d", 1);
      expect(await next).toEqual(["3", "4"]);
      await stream.close();
    });
  });

  describe("a server that is killed under load, three times", () => {
    // Catches events that are lost, repeated or out of order over a reconnect, and rows that a crash undid.
    test("has every acknowledged event delivered once and in order, to a stream that runs throughout", async () => {
      const { server, pool, table, restart } = await place();
      const stream = table.stream(pool, "");
      const delivered: ReflexEvent[] = [];
      const reading = (async () => {
        for await (const event of stream) {
          delivered.push(event);
          if (event.foreignId === "the last") break;
        }
      })();
      const acknowledged: string[] = [];
      let writing = pool;
      for (let round = 0; round < 3; round++) {
        const own = writing;
        const writers = Array.from({ length: 8 }, (_, writer) => write(own, table, { round, writer, acknowledged }));
        // Killed at the height of it: what is under way then is what this is about.
        await new Promise((resolve) => setTimeout(resolve, LOAD_MS));
        await server.crash();
        await Promise.all(writers);
        writing = await restart();
      }
      await table.insert(writing, "the last", 1);
      acknowledged.push("the last");
      await reading;
      const ids = delivered.map(({ id }) => BigInt(id));
      expect(ids.every((id, index) => index === 0 || id > (ids[index - 1] ?? 0n))).toBe(true);
      expect(delivered.map(({ id }) => id)).toEqual(await eventIds(writing, table));
      const foreignIds = new Set(delivered.map(({ foreignId }) => foreignId));
      expect(foreignIds.size).toBe(delivered.length);
      expect(acknowledged.length).toBeGreaterThan(30);
      expect(acknowledged.filter((foreignId) => !foreignIds.has(foreignId))).toEqual([]);
    });
  });

  describe("a server that loses what it had shown", () => {
    // Catches a stream that goes on at its cursor: the new events, which get the lost ones' ids, would be skipped.
    test("ends the stream that had read it, and new events are delivered to the one that had not", async ({ skip }) => {
      // The log is written once a second: what committed since is lost with the process.
      const { server, pool, table, restart } = await place(["--skip-log-bin", "--innodb-flush-log-at-trx-commit=0"]);
      await table.insertMany(
        pool,
        ["a", "b", "c"].map((foreignId) => ({ foreignId, type: 1 })),
      );
      const [fast, slow] = [table.stream(pool, ""), table.stream(pool, "")];
      expect(await take(slow, 3)).toEqual(["1", "2", "3"]);
      await pool.query("set global innodb_flush_log_at_trx_commit = 1");
      await pool.query("create table flushed (id int)");
      await pool.query("set global innodb_flush_log_at_trx_commit = 0");
      expect(await take(fast, 3)).toEqual(["1", "2", "3"]);
      await table.insertMany(
        pool,
        Array.from({ length: 5 }, () => ({ foreignId: "lost", type: 1 })),
      );
      expect(await take(fast, 5)).toEqual(["4", "5", "6", "7", "8"]);
      const end = fast.next();
      await server.crash();
      const writer = await restart();
      const [rows] = (await writer.query("select count(*) as kept from events")) as unknown as [{ kept: number }[]];
      if (rows[0]?.kept === 8) skip("the server had written its log before it was killed");
      await expect(end).rejects.toMatchObject({ code: "cursor_ahead", details: { cursor: "8" } });
      await table.insert(writer, "new", 1);
      const [next] = await takeEvents(slow, 1);
      expect(next).toMatchObject({ foreignId: "new" });
      await slow.close();
    });
  });

  interface Writer {
    readonly round: number;
    readonly writer: number;
    readonly acknowledged: string[];
  }

  /** Inserts until the server is gone; every third transaction has two events, every fifth is rolled back. */
  async function write(pool: Pool, table: EventsTable, { round, writer, acknowledged }: Writer): Promise<void> {
    for (let count = 0; ; count++) {
      const foreignIds = [
        `${round} ${writer} ${count} a`,
        ...(count % 3 === 0 ? [`${round} ${writer} ${count} b`] : []),
      ];
      try {
        const open = await openInsert(pool, table, foreignIds);
        if (count % 5 === 4) await open.rollback();
        else {
          await open.commit();
          acknowledged.push(...foreignIds);
        }
      } catch {
        return;
      }
    }
  }
});

async function takeEvents(stream: EventStream, count: number): Promise<ReflexEvent[]> {
  const events: ReflexEvent[] = [];
  while (events.length < count) {
    const { done, value } = await stream.next();
    if (done === true) break;
    events.push(value);
  }
  return events;
}
