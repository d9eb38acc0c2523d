import { setTimeout as delay } from "node:timers/promises";
import type { Pool, RowDataPacket } from "mysql2/promise";
import type { EventsTable } from "reflex-rsql";
import { expect, test } from "vitest";
import { isLong } from "../support/clusters/describe-cluster.ts";
import { describeEachServer, type Engine } from "../support/servers/engines.ts";
import { type ServerWithPools, startServerWithPools } from "../support/servers/server-with-pools.ts";
import { storedTypes } from "../support/streams/gaps.ts";
import { quiet } from "../support/streams/stalls.ts";
import { makeTable, take } from "../support/streams/streams.ts";

const MEASURED = 300;
const EVERY_MS = 25;

/** A server that gives 1, 1 + increment, 1 + 2 * increment and so on. */
async function startStepping(vendor: Engine["vendor"], increment: number): Promise<ServerWithPools> {
  const flags = ["--innodb-flush-log-at-trx-commit=2", `--auto-increment-increment=${increment}`];
  return startServerWithPools({ vendor, flags });
}

/** How long after its commit each event reaches a stream at the head, in ms, ascending. */
async function latencies(pool: Pool, table: EventsTable): Promise<number[]> {
  const committed = new Map<string, number>();
  const found: number[] = [];
  const stream = table.stream(pool, "");
  const reading = (async () => {
    for await (const { foreignId } of stream) {
      const now = performance.now();
      found.push(now - (committed.get(foreignId) ?? now));
      if (found.length === MEASURED) return;
    }
  })();
  for (let count = 0; count < MEASURED; count++) {
    await table.insert(pool, String(count), 1);
    committed.set(String(count), performance.now());
    await delay(EVERY_MS);
  }
  await reading;
  return found.toSorted((one, other) => one - other);
}

async function sent(pool: Pool): Promise<number> {
  const [[row]] = await pool.query<RowDataPacket[]>("show global status like 'Bytes_sent'");
  return Number(row?.["Value"]);
}

describeEachServer(({ vendor }) => {
  // Catches a grace for ids that the only writer can't give: it would outlast the test.
  test("ids between those that a server gives are closed without a grace, by noops", async () => {
    await using server = await startStepping(vendor, 3);
    const table = await makeTable(server.pool, { observer: quiet, gaps: { graceMs: 600_000 } });
    const stream = table.stream(server.pool, "");
    const first = take(stream, 3);
    for (const foreignId of ["a", "b", "c"]) await table.insert(server.pool, foreignId, 1);
    expect(await first).toEqual(["1", "4", "7"]);
    expect(await storedTypes(server.pool, table)).toEqual([1, 0, 0, 1, 0, 0, 1]);
    await stream.close();
  });

  test.runIf(isLong)("what events in steps cost", { timeout: 120_000 }, async () => {
    for (const increment of [1, 3, 5, 7]) {
      await using server = await startStepping(vendor, increment);
      const table = await makeTable(server.pool, { observer: quiet });
      const ms = await latencies(server.pool, table);
      const rows = await storedTypes(server.pool, table);
      const before = await sent(server.pool);
      const stream = table.stream(server.openPool(), "");
      expect(await take(stream, MEASURED)).toHaveLength(MEASURED);
      const bytes = (await sent(server.pool)) - before;
      await stream.close();
      await server.pool.query(`analyze table ${table.name}`);
      const [[size]] = await server.pool.query<RowDataPacket[]>(
        "select avg_row_length as bytes from information_schema.tables where table_name = ?",
        [table.name],
      );
      const [p50, p99] = [0.5, 0.99].map((part) => ms[Math.floor(part * (ms.length - 1))]?.toFixed(1));
      console.log(
        `${vendor}, increment ${increment}: p50 ${p50} ms, p99 ${p99} ms, ${(rows.length / MEASURED).toFixed(2)} rows an event, ${(bytes / MEASURED).toFixed(0)} bytes sent an event, ${size?.["bytes"]} bytes a row`,
      );
      expect(ms).toHaveLength(MEASURED);
    }
  });
});
