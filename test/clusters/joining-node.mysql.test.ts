import { setTimeout as delay } from "node:timers/promises";
import type { Pool } from "mysql2/promise";
import type { EventsTable } from "reflex-rsql";
import { describe, expect, test, vi } from "vitest";
import { WriterOffsets } from "../../src/tables/gaps/writer-offsets.ts";
import {
  errorsOf,
  followToEnd,
  type LoadCounts,
  lostOf,
  newCounts,
  THE_END,
  writeTransactions,
} from "../support/clusters/cluster-load.ts";
import { describeCluster, isLong } from "../support/clusters/describe-cluster.ts";
import { type Galera, startGalera } from "../support/clusters/galera.ts";
import { quiet } from "../support/streams/stalls.ts";
import { makeTable } from "../support/streams/streams.ts";

const LOAD_MS = isLong ? 20_000 : 3000;

/** Load on two nodes of three; then from a session with an offset of its own; then a fourth node joins, and is written to. */
async function play(cluster: Galera): Promise<LoadCounts> {
  const [one, two] = cluster.nodes;
  if (one === undefined || two === undefined) throw new Error("no nodes");
  const counts = newCounts();
  const table = await makeTable(one.pool, {
    observer: quiet,
    gaps: { primary: one.pool, probe: [one.pool, two.pool] },
  });
  const stream = table.stream(one.openPool(), "");
  const following = followToEnd(stream, counts);
  const stopping = new AbortController();
  const write = (pool: Pool, name: string): Promise<void> =>
    writeTransactions(pool, table, { name, counts, signal: stopping.signal });
  const writers = [write(one.openPool(), "one"), write(one.openPool(), "one more"), write(two.openPool(), "two")];
  await delay(LOAD_MS / 3);
  writers.push(write(ownOffset(one.openPool({ connectionLimit: 1 })), "own offset"));
  await delay(LOAD_MS / 3);
  const four = await cluster.grow();
  writers.push(write(four.openPool(), "four"));
  await delay(LOAD_MS / 3);
  stopping.abort();
  await Promise.all(writers);
  await end(one.pool, table);
  await following;
  await stream.close();
  return counts;
}

/** Gives ids that no node of the three gives: those of the third, which nobody asks. */
function ownOffset(pool: Pool): Pool {
  pool.on("connection", (connection) => {
    void connection.query("set session auto_increment_increment = 3, session auto_increment_offset = 3");
  });
  return pool;
}

async function end(pool: Pool, table: EventsTable): Promise<void> {
  for (;;) {
    const done = await table.insert(pool, THE_END, 1).then(
      () => true,
      () => false,
    );
    if (done) return;
  }
}

await describeCluster("Galera", () => {
  describe("in which ids of some offsets need no grace", () => {
    // Catches trust in an offset that outlives the cluster it was learned of, and in one that a session takes for itself.
    test("loses no event when a session sets its own offset and a fourth node joins", {
      timeout: 120_000,
    }, async () => {
      await using cluster = await startGalera(3);
      const counts = await play(cluster);
      console.log(`offsets known: ${errorsOf(counts)}, ${counts.acknowledged.length} events`);
      expect(counts.acknowledged.length).toBeGreaterThan(100);
      expect(lostOf(counts)).toEqual([]);
      expect(counts.outOfOrder).toBe(0);
      expect(new Set(counts.delivered).size).toBe(counts.delivered.length);
    });

    test.runIf(isLong)("as without that knowledge, where every id has its grace", { timeout: 120_000 }, async () => {
      vi.spyOn(WriterOffsets.prototype, "givenByNobody").mockReturnValue(false);
      await using cluster = await startGalera(3);
      const counts = await play(cluster);
      console.log(`grace for all: ${errorsOf(counts)}, ${counts.acknowledged.length} events`);
      expect(lostOf(counts)).toEqual([]);
      vi.restoreAllMocks();
    });
  });
});
