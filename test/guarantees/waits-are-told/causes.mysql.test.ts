import { createPool, type PoolConnection } from "mysql2/promise";
import type { EventsTable, EventsTableOptions, StallReport } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { describeEachServer, type Engine } from "../../support/servers/engines.ts";
import { startTcpProxy } from "../../support/servers/tcp-proxy.ts";
import { insertAroundGap, Reports } from "../../support/streams/gaps.ts";
import { isResumed, quiet } from "../../support/streams/stalls.ts";
import { makeTable, openInsert, take } from "../../support/streams/streams.ts";

interface Scene {
  readonly pool: Awaited<ReturnType<Engine["createRawPool"]>>;
  readonly table: EventsTable;
  readonly stalls: Reports<StallReport>;
  /** A session of its own, by which something is put in the stream's way. */
  readonly other: PoolConnection;
}

async function scene(engine: Engine, options: EventsTableOptions = {}): Promise<Scene> {
  const pool = await engine.createRawPool();
  const stalls = new Reports<StallReport>();
  const table = await makeTable(pool, { ...options, observer: { ...quiet, stall: stalls.add } });
  return { pool, table, stalls, other: await pool.getConnection() };
}

// Side by side: each of them waits for some seconds.
describeEachServer((engine) => {
  const names = engine.vendor === "mysql";

  describe.concurrent("a stream that waits names what holds it up:", () => {
    // Catches a step at a gap that is told of as whatever the step before it has met, or never.
    test("LOCK TABLES ... READ at a gap, which keeps the noop out", async () => {
      const { pool, table, stalls, other } = await scene(engine);
      await insertAroundGap(pool, table);
      await other.query(`lock tables ${table.name} read`);
      const stream = table.stream(pool, "1");
      const pending = take(stream, 1);
      const stall = await stalls.first();
      expect(stall).toMatchObject({ state: "stalled", reason: "locked", prev: "1", next: "3" });
      expect(stall.message).toMatch(/waits for a lock \(Waiting for .*lock\)/);
      if (names) expect(stall.blockedBy).toMatchObject({ threadId: String(other.threadId), user: "root" });
      await other.query("unlock tables");
      expect(await pending).toEqual(["3"]);
      expect((await stalls.first(isResumed)).reason).toBe("locked");
      await stream.close();
      other.release();
    });

    // Catches a watch on steps at gaps only: a poll that waits is silent for as long as it waits.
    test("LOCK TABLES ... WRITE, which holds up reads", async () => {
      const { pool, table, stalls, other } = await scene(engine);
      await table.insert(pool, "1", 1);
      await other.query(`lock tables ${table.name} write`);
      const stream = table.stream(pool, "");
      const pending = take(stream, 1);
      const stall = await stalls.first();
      expect(stall).toMatchObject({ state: "stalled", reason: "locked", prev: "0" });
      if (names) expect(stall.blockedBy).toMatchObject({ threadId: String(other.threadId) });
      await other.query("unlock tables");
      expect(await pending).toEqual(["1"]);
      await stream.close();
      other.release();
    });

    // Catches a stall that leaves it to the reader to find the session among hundreds.
    test("the session whose transaction has inserted a row, and not what it wrote", async () => {
      const { pool, table, stalls } = await scene(engine);
      await table.insert(pool, "1", 1);
      const open = await openInsert(pool, table);
      const { connection } = open;
      await table.insert(pool, "3", 1);
      await connection.query("select 'private@example.org'");
      const stream = table.stream(pool, "1");
      const pending = take(stream, 2);
      const stall = await stalls.first();
      expect(stall).toMatchObject({ state: "stalled", reason: "in_flight", prev: "1", next: "3" });
      expect(stall.blockedBy).toMatchObject({ threadId: String(connection.threadId), user: "root" });
      expect(stall.message).toContain(`session ${connection.threadId}`);
      expect(JSON.stringify(stall)).not.toContain("private");
      await open.commit();
      expect(await pending).toEqual(["2", "3"]);
      await stream.close();
    });

    // Catches a stream at the head whose look hangs: nothing is told before the statement's own limit of a minute.
    test("a network that loses everything, at the head, where no event is known of", async () => {
      const { pool, table, stalls, other } = await scene(engine);
      await using proxy = await startTcpProxy(engine.socketPath);
      await table.insert(pool, "1", 1);
      const far = createPool(proxy.url(engine.database));
      const stream = table.stream(far, "");
      expect(await take(stream, 1)).toEqual(["1"]);
      const pending = take(stream, 1);
      const back = proxy.blackHole();
      expect(await stalls.first()).toMatchObject({ state: "stalled", reason: "unreachable", prev: "1" });
      back();
      await table.insert(pool, "2", 1);
      expect(await pending).toEqual(["2"]);
      await stream.close();
      // An attempt to connect may still be under way.
      await far.end().catch(() => undefined);
      other.release();
    });

    // Catches a head look that does not see the maximum fall: the next poll is ten minutes away.
    test("a table that is truncated under a stream at its head", async () => {
      const { pool, table, other } = await scene(engine, { backoffMs: 600_000 });
      await table.insert(pool, "1", 1);
      const stream = table.stream(pool, "");
      expect(await take(stream, 1)).toEqual(["1"]);
      const pending = take(stream, 1);
      await other.query(`truncate ${table.name}`);
      await expect(pending).rejects.toMatchObject({ code: "cursor_ahead" });
      other.release();
    });
  });
});
