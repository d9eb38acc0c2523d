import type { Pool } from "mysql2/promise";
import type { Database, ErrorReport, EventStream, StallReport } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { watchedDatabase } from "../../support/databases/watched-database.ts";
import { describeEachServer } from "../../support/servers/engines.ts";
import { noopIds, Reports } from "../../support/streams/gaps.ts";
import { makeTable, nothingWithin, openInsert, take } from "../../support/streams/streams.ts";
import { Gate } from "../../support/waiting/gate.ts";

const STREAMS = 100;
const INSERTS = 20;
/** Many times as long as a stream waits at its head before it looks again. */
const MANY_LOOKS_MS = 500;

/** A database that tells which statements are sent, and answers none from `hold` until `release`. */
function heldDatabase(pool: Pool): {
  database: Database;
  sent: Reports<string>;
  hold: () => void;
  release: () => void;
} {
  const sent = new Reports<string>();
  let gate: Gate | undefined;
  const database = watchedDatabase(pool, async ({ sql }, send) => {
    sent.add(sql);
    await gate?.opened;
    return send();
  });
  return {
    database,
    sent,
    hold: () => {
      gate = new Gate();
      sent.all.splice(0);
    },
    release: () => gate?.open(),
  };
}

const closeAll = (streams: readonly EventStream[]): Promise<unknown> =>
  Promise.all(streams.map((stream) => stream.close()));

describeEachServer((engine) => {
  describe("ten readers at one gap", () => {
    // Catches a deadlock (1213) or a duplicate key of one filler that ends its stream, and fillers that take a pool's
    // every connection.
    test("all go on when it is rolled back, without an error, and leave one noop", async () => {
      const pool = await engine.createRawPool();
      const [other, third] = [await engine.createRawPool(), await engine.createRawPool()];
      const errors = new Reports<ErrorReport>();
      const stalls = new Reports<StallReport>();
      const table = await makeTable(pool, { observer: { error: errors.add, stall: stalls.add } });
      const readers = [pool, pool, pool, pool, pool, pool, pool, pool, other, third];
      const streams = readers.map((readFrom) => table.clone().stream(readFrom, ""));
      for (let round = 0; round < 5; round++) {
        const pending = streams.map((stream) => take(stream, 1));
        const rolledBack = await openInsert(pool, table);
        await table.insert(pool, "kept", 1);
        await rolledBack.rollback();
        expect(new Set((await Promise.all(pending)).flat())).toEqual(new Set([String(2 * round + 2)]));
      }
      expect(await noopIds(pool, table)).toEqual(["1", "3", "5", "7", "9"]);
      expect(errors.all).toEqual([]);
      expect(stalls.all).toEqual([]);
      await closeAll(streams);
    });
  });

  describe("a hundred streams at one head", () => {
    // Catches a poll, or a look at the head, by each stream.
    test("share one look at it, and one read of each event", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await table.insert(pool, "first", 1);
      const { database, sent, hold, release } = heldDatabase(pool);
      const streams = Array.from({ length: STREAMS }, () => table.stream(database, ""));
      await Promise.all(streams.map((stream) => take(stream, 1)));
      let pending = streams.map((stream) => take(stream, 1));
      hold();
      await sent.first();
      await nothingWithin(MANY_LOOKS_MS);
      // One look at the head, or one poll by the streams that have not come to wait for it.
      expect(sent.all).toHaveLength(1);
      release();
      sent.all.splice(0);
      for (let id = 2; id <= INSERTS + 1; id++) {
        await table.insert(pool, "x", 1);
        expect(new Set((await Promise.all(pending)).flat())).toEqual(new Set([String(id)]));
        pending = streams.map((stream) => take(stream, 1));
      }
      expect(sent.all.length).toBeLessThan(STREAMS * INSERTS);
      await closeAll(streams);
      await Promise.all(pending);
    });
  });

  describe("streams of three tables of one database", () => {
    // Catches a watcher for each table.
    test("have their heads looked at by one statement", async () => {
      const pool = await engine.createRawPool();
      const tables = [await makeTable(pool), await makeTable(pool), await makeTable(pool)];
      const { database, sent, hold, release } = heldDatabase(pool);
      const streams = tables.map((table) => table.stream(database, ""));
      const pending = streams.map((stream) => stream.next());
      const looksAtAll = (sql: string): boolean => tables.every(({ name }) => sql.includes(name));
      await sent.first(looksAtAll);
      hold();
      await sent.first(looksAtAll);
      await nothingWithin(MANY_LOOKS_MS);
      expect(sent.all.filter(looksAtAll)).toHaveLength(1);
      release();
      await closeAll(streams);
      await Promise.all(pending);
    });
  });
});
