import { createPool } from "mysql2/promise";
import { createTables } from "reflex-rsql";
import { expect, test } from "vitest";
import { describeEachServer } from "../support/servers/engines.ts";
import { startTcpProxy } from "../support/servers/tcp-proxy.ts";
import { leaveGap, noopIds } from "../support/streams/gaps.ts";
import { makeTable, nothingWithin, take } from "../support/streams/streams.ts";

describeEachServer((engine) => {
  // Catches a filler that leaves it to the server to refuse: an administrator's connection writes to a read-only
  // replica too, and what it writes there breaks the replication.
  test("a stream inserts no noop on a read-only server as its administrator, and goes on when that takes writes", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool);
    await table.insert(pool, "a", 1);
    await leaveGap(pool, table);
    await table.insert(pool, "c", 1);
    await pool.query("set global read_only = 1");
    try {
      const stream = table.stream(pool, "");
      expect(await take(stream, 1)).toEqual(["1"]);
      const next = take(stream, 1);
      expect(await Promise.race([next, nothingWithin(500)])).toBe("nothing");
      expect(await noopIds(pool, table)).toEqual([]);
      await pool.query("set global read_only = 0");
      expect(await next).toEqual(["3"]);
      await stream.close();
    } finally {
      await pool.query("set global read_only = 0");
    }
  });

  // Catches a filler that goes by what the server said of itself before a probe that took long.
  test("a stream inserts no noop on a server that has become read-only while it asked for open transactions", async () => {
    const pool = await engine.createRawPool();
    await using proxy = await startTcpProxy(engine.socketPath);
    const probe = createPool(proxy.url(engine.database));
    const table = await makeTable(pool, { gaps: { probe: [probe], graceMs: 0 } });
    await table.insert(pool, "a", 1);
    await leaveGap(pool, table);
    await table.insert(pool, "c", 1);
    const answer = proxy.holdAnswer((packet) => packet.includes(" between "));
    const stream = table.stream(pool, "1");
    const next = take(stream, 1);
    const held = await answer;
    await nothingWithin(600);
    await pool.query("set global read_only = 1");
    try {
      held.release();
      expect(await Promise.race([next, nothingWithin(500)])).toBe("nothing");
      expect(await noopIds(pool, table)).toEqual([]);
    } finally {
      await pool.query("set global read_only = 0");
    }
    expect(await next).toEqual(["3"]);
    await stream.close();
    await probe.end();
  });

  // Catches a filler that inserts noops wherever it can write: elsewhere the ids belong to other events.
  test("a stream inserts no noop on a server that holds other rows beside the gap", async () => {
    const pool = await engine.createRawPool();
    const otherDatabase = `${engine.database}_other`;
    await pool.query(`create database ${otherDatabase}`);
    const other = await engine.createRawPool({ database: otherDatabase });
    const table = await makeTable(pool, { gaps: { primary: other } });
    await createTables(other, [table]);
    for (const server of [pool, other]) {
      await table.insert(server, "a", 1);
      await leaveGap(server, table);
      await table.insert(server, server === pool ? "c" : "another", 1);
    }
    const stream = table.stream(pool, "");
    expect(await take(stream, 1)).toEqual(["1"]);
    const next = take(stream, 1);
    expect(await Promise.race([next, nothingWithin(500)])).toBe("nothing");
    expect(await noopIds(other, table)).toEqual([]);
    await stream.close();
    expect(await next).toEqual([]);
    await pool.query(`drop database ${otherDatabase}`);
  });
});
