import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPool } from "mysql2/promise";
import { createTables, fillGaps, type StallReport, stopFillingGaps } from "reflex-rsql";
import { describe, expect, onTestFinished, test } from "vitest";
import { STALL_AFTER_MS } from "../../../src/database/sessions/long-wait.ts";
import { setFaultConfirmMs } from "../../../src/tables/reader/confirm-time.ts";
import { describeEachServer, type Engine } from "../../support/servers/engines.ts";
import { startServerWithPools } from "../../support/servers/server-with-pools.ts";
import { insertAroundGap, noopIds, Reports } from "../../support/streams/gaps.ts";
import { expectStall, isResumed, quiet } from "../../support/streams/stalls.ts";
import { makeTable, openInsert, take } from "../../support/streams/streams.ts";

/** A table with rows 1 and 3, and a gap for good between them. */
async function withGap(engine: Engine, gaps?: Parameters<typeof makeTable>[1]) {
  const pool = await engine.createRawPool();
  const stalls = new Reports<StallReport>();
  const table = await makeTable(pool, { ...gaps, observer: { ...quiet, stall: stalls.add } });
  await insertAroundGap(pool, table);
  return { pool, stalls, table };
}

// Side by side: each of them waits for 5 s.
describeEachServer((engine) => {
  describe.concurrent("a stream that stands at a gap says so within 5 s, and when it goes on:", () => {
    // Catches a stream that waits in silence where its own option keeps it from going on.
    test("with gaps: false, until fillGaps", async () => {
      const { pool, stalls, table } = await withGap(engine, { gaps: false });
      const stream = table.stream(pool, "1");
      const pending = take(stream, 1);
      await stalls.first();
      expectStall(stalls, "filling_off", /call fillGaps\(\)/);
      fillGaps(pool, table);
      expect(await pending).toEqual(["3"]);
      expect(await stalls.first(isResumed)).toMatchObject({ prev: "1", reason: "filling_off" });
      expect(stalls.all).toHaveLength(2);
      await stream.close();
    });

    // Catches a stall that is told of while gaps are filled only.
    test("after stopFillingGaps, until someone else closes it", async () => {
      const { pool, stalls, table } = await withGap(engine);
      await stopFillingGaps(table);
      const stream = table.stream(pool, "1");
      const pending = take(stream, 1);
      await stalls.first();
      expectStall(stalls, "filling_off", /call fillGaps\(\)/);
      const other = table.clone({ observer: quiet }).stream(pool, "1");
      expect(await take(other, 1)).toEqual(["3"]);
      expect(await pending).toEqual(["3"]);
      expect(await stalls.first(isResumed)).toMatchObject({ prev: "1", next: "3" });
      await stream.close();
      await other.close();
    });

    // Catches a probe that fails and is taken for "nothing is open", and one that ends the stream.
    test("with a server that takes writes down, until it is back", async () => {
      await using probed = await startServerWithPools({ vendor: engine.vendor, durable: true });
      const { server, pool: probe } = probed;
      probe.on("connection", (connection) => connection.on("error", () => undefined));
      const pool = await engine.createRawPool();
      const { stalls, table } = await withGap(engine, { gaps: { primary: pool, probe: [pool, probe] } });
      await createTables(probe, [table]);
      await server.crash();
      const stream = table.stream(pool, "1");
      const pending = take(stream, 1);
      await stalls.first();
      expectStall(stalls, "unreachable", /bring it back, or name another in gaps\.primary and gaps\.probe/);
      expect(await noopIds(pool, table)).toEqual([]);
      await server.restart();
      expect(await pending).toEqual(["3"]);
      expect(await stalls.first(isResumed)).toMatchObject({ reason: "unreachable" });
      await stream.close();
    });

    // Catches the same mistakes where the primary itself is away.
    test("with its primary unreachable, until it is back", async () => {
      const folder = await mkdtemp(join(tmpdir(), "rsql-"));
      const primary = createPool({ socketPath: join(folder, "s.sock"), user: "root", database: engine.database });
      const { pool, stalls, table } = await withGap(engine, { gaps: { primary } });
      const stream = table.stream(pool, "1");
      const pending = take(stream, 1);
      await stalls.first();
      expectStall(stalls, "unreachable", /bring it back/);
      await symlink(engine.socketPath, join(folder, "s.sock"));
      expect(await pending).toEqual(["3"]);
      await stalls.first(isResumed);
      await stream.close();
      await primary.end();
      await rm(folder, { recursive: true });
    });

    // Catches every reader that passes a gap after some time: limits far below how long the transaction is open.
    test("a transaction that is open longer than every limit, until its commit, which is delivered", async () => {
      const pool = await engine.createRawPool();
      const stalls = new Reports<StallReport>();
      const limits = {
        acquireTimeoutMs: STALL_AFTER_MS - 1000,
        statementTimeoutMs: STALL_AFTER_MS - 1000,
        backoffMs: 100,
      };
      setFaultConfirmMs(100);
      onTestFinished(() => setFaultConfirmMs());
      const table = await makeTable(pool, {
        ...limits,
        gaps: { graceMs: 0 },
        observer: { ...quiet, stall: stalls.add },
      });
      await table.insert(pool, "1", 1);
      const open = await openInsert(pool, table);
      await table.insert(pool, "3", 1);
      const stream = table.stream(pool, "1");
      const pending = take(stream, 2);
      await stalls.first();
      expectStall(stalls, "in_flight", /commit it or end it/);
      await open.commit();
      expect(await pending).toEqual(["2", "3"]);
      await stalls.first(isResumed);
      expect(await noopIds(pool, table)).toEqual([]);
      await stream.close();
    });
  });
});
