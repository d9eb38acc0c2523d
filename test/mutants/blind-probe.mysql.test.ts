import type { Pool, RowDataPacket } from "mysql2/promise";
import { createTables } from "reflex-rsql";
import { expect, test } from "vitest";
import { describeEachServer } from "../support/servers/engines.ts";
import { noopIds } from "../support/streams/gaps.ts";
import { makeTable, openInsert, take } from "../support/streams/streams.ts";

/** Resolves once a noop waits for the lock on a row that is not committed. */
async function untilNoopWaits(pool: Pool): Promise<void> {
  const waiting = async (): Promise<number> => {
    const [rows] = await pool.query<RowDataPacket[]>(
      "select id from information_schema.processlist where db = database() and lower(info) regexp '^(insert ignore|replace)'",
    );
    return rows.length;
  };
  await expect.poll(waiting, { timeout: 10_000, interval: 5 }).toBe(1);
}

describeEachServer((engine) => {
  // Catches a reader that trusts its probes and passes the id without a row in its place, and a noop that takes the
  // place of the row once that is committed.
  test("a stream holds at an open row that its probes don't see, and delivers it once it is committed", async () => {
    const pool = await engine.createRawPool();
    // Knows nothing of the transactions here, like another node of a cluster.
    const blindDatabase = `${engine.database}_blind`;
    await pool.query(`create database ${blindDatabase}`);
    const blind = await engine.createRawPool({ database: blindDatabase });
    const table = await makeTable(pool, { gaps: { probe: [blind] } });
    await createTables(blind, [table]);
    const late = await openInsert(pool, table, ["late"]);
    await table.insert(pool, "early", 1);
    const stream = table.stream(pool, "");
    const first = take(stream, 1);
    await Promise.race([first, untilNoopWaits(pool)]);
    await late.commit();
    expect(await first).toEqual(["1"]);
    expect(await take(stream, 1)).toEqual(["2"]);
    expect(await noopIds(pool, table)).toEqual([]);
    await stream.close();
    await pool.query(`drop database ${blindDatabase}`);
  });
});
