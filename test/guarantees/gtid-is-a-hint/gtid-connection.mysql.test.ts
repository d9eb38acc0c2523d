import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { EventsTable } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { watchedDatabase } from "../../support/databases/watched-database.ts";
import { buildLibrary } from "../../support/package/built-library.ts";
import type { EnginePool } from "../../support/servers/engines.ts";
import { DATABASE } from "../../support/servers/server-with-pools.ts";
import {
  arriveOneByOne,
  describeGtidServer,
  expectNoWait,
  insertElsewhere,
  onlyHeard,
  waiting,
  waits,
} from "../../support/streams/commits.ts";
import { idRange, Reports } from "../../support/streams/gaps.ts";
import { take } from "../../support/streams/streams.ts";

/** Once what follows a close at once has happened. */
async function activeConnections(pool: EnginePool): Promise<number> {
  await new Promise((resolve) => setImmediate(resolve));
  return "activeConnections" in pool ? pool.activeConnections() : Number.NaN;
}

describeGtidServer((server) => {
  describe("the connection that waits for commits", () => {
    test("is not taken with gtid: false", async () => {
      const table = await server.makeTable({ wake: { gtid: false } });
      const stream = table.stream(server.openPool(), "");
      expect(await arriveOneByOne(stream, 10, () => insertElsewhere(server.root, table))).toEqual(idRange(1, 10));
      await expectNoWait(server.root, stream);
    });

    // Catches one that leaves a pool of four with nothing for its user while a gap is open.
    test("is not taken from a pool of less than five", async () => {
      const table = await server.makeTable({});
      const stream = table.stream(server.openPool({ connectionLimit: 4 }), "");
      expect(await arriveOneByOne(stream, 10, () => insertElsewhere(server.root, table))).toEqual(idRange(1, 10));
      await expectNoWait(server.root, stream);
    });

    test("is given back to a pool of five that has no other left, and the stream goes on", async () => {
      const table = await server.makeTable({ backoffMs: 600_000 });
      const pool = server.openPool({ connectionLimit: 5 });
      const stream = table.stream(pool, "");
      const arrived = take(stream, 1);
      await waiting(server.root);
      const taken = await Promise.all(Array.from({ length: 4 }, () => pool.getConnection()));
      await insertElsewhere(server.root, table);
      expect(await arrived).toEqual(["1"]);
      for (const connection of taken) connection.release();
      await stream.close();
    });

    test("is given back to a mariadb pool of three, whose size is not known", async () => {
      await server.withMariadbPool(3, async (pool) => {
        const table = await server.makeTable({ backoffMs: 600_000 });
        const stream = table.stream(pool, "");
        const arrived = take(stream, 1);
        await waiting(server.root);
        const taken = [await pool.getConnection(), await pool.getConnection()];
        await insertElsewhere(server.root, table);
        expect(await arrived).toEqual(["1"]);
        for (const connection of taken) await connection.release();
        await stream.close();
      });
    });

    // Catches a wait that outlives its stream.
    test("is given back at once when the stream is closed or aborted", async () => {
      await server.withMariadbPool(10, async (pool) => {
        const table = await server.makeTable(onlyHeard);
        const abort = new AbortController();
        const aborted = table.stream(pool, "", { signal: abort.signal });
        const failed = aborted.next().then(undefined, (error: Error) => error.message);
        await waiting(server.root);
        abort.abort(new Error("enough"));
        expect(await failed).toBe("enough");
        await aborted.close();
        expect(await activeConnections(pool)).toBe(0);
        await expect.poll(() => waits(server.root), { interval: 10 }).toEqual([]);
        const closed = table.stream(pool, "");
        const end = closed.next();
        await waiting(server.root);
        await closed.close();
        await end;
        expect(await activeConnections(pool)).toBe(0);
      });
    });

    // Catches timers, and a pool's end that waits for what still runs.
    test("lets a process end that closes its stream and its pool, through mysql2 and mariadb", async () => {
      const library = await buildLibrary();
      try {
        const runs = ["mysql2/promise", "mariadb"].map((driver) => runToItsEnd(driver, library.url));
        expect(await Promise.all(runs)).toEqual(["closed\n", "closed\n"]);
      } finally {
        await library.remove();
      }
    });

    /** Runs a process that closes a stream which listens, and then its pool. Resolves with what it prints. */
    async function runToItsEnd(driver: string, library: string): Promise<string> {
      const table = await server.makeTable({});
      const { socketPath } = server;
      const program = `
        import { createPool } from ${JSON.stringify(import.meta.resolve(driver))};
        import { EventsTable } from ${JSON.stringify(library)};
        const pool = createPool(${JSON.stringify({ socketPath, user: "root", database: DATABASE })});
        const stream = new EventsTable(${JSON.stringify(table.name)}).stream(pool, "");
        const waits = "select 1 from information_schema.processlist where state = 'Waiting for GTID to be committed'";
        const end = stream.next();
        for (let found = []; found.length === 0; ) {
          const answer = await pool.query(waits);
          found = Array.isArray(answer[0]) ? answer[0] : answer;
        }
        await stream.close();
        await end;
        await pool.end();
        console.log("closed");`;
      const flags = ["--input-type=module", "--eval", program];
      return (await promisify(execFile)(process.execPath, flags, { timeout: 20_000 })).stdout;
    }

    // Catches a look for each table, beside the connection that waits.
    test("leaves the heads of five tables to one look for all of them", async () => {
      const sent = new Reports<string>();
      const database = watchedDatabase(server.openPool(), ({ sql }, send) => {
        sent.add(sql);
        return send();
      });
      const tables: EventsTable[] = [];
      for (let count = 0; count < 5; count++) tables.push(await server.makeTable({}));
      const streams = tables.map((table) => table.stream(database, ""));
      const ends = streams.map((stream) => stream.next());
      await waiting(server.root);
      const named = (sql: string): number => tables.filter(({ name }) => sql.includes(name)).length;
      await sent.next((sql) => named(sql) === tables.length);
      const looks = sent.all.length;
      await sent.next(() => sent.all.length > looks + 10);
      expect(
        sent.all
          .slice(looks)
          .map(named)
          .filter((count) => count !== 0 && count !== tables.length),
      ).toEqual([]);
      await Promise.all(streams.map((stream) => stream.close()));
      await Promise.all(ends);
    });
  });
});
