import { createPool, type Pool } from "mysql2/promise";
import type { EventsTable, StallReport } from "reflex-rsql";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ClusterNode, DATABASE } from "../support/clusters/cluster.ts";
import {
  errorsOf,
  followToEnd,
  type LoadCounts,
  lostOf,
  newCounts,
  THE_END,
  writeTransactions,
} from "../support/clusters/cluster-load.ts";
import { describeCluster } from "../support/clusters/describe-cluster.ts";
import { type Galera, startGalera } from "../support/clusters/galera.ts";
import { startTcpProxy, type TcpProxy } from "../support/servers/tcp-proxy.ts";
import { leaveGap, Reports } from "../support/streams/gaps.ts";
import { quiet } from "../support/streams/stalls.ts";
import { makeTable, take } from "../support/streams/streams.ts";

const ENOUGH = 150;

await describeCluster("Galera", () => {
  let cluster: Galera;
  let nodes: readonly [ClusterNode, ClusterNode, ClusterNode];
  beforeAll(async () => {
    cluster = await startGalera(3);
    nodes = cluster.nodes as unknown as typeof nodes;
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  // Catches an event that is passed because the noops, the looks for open rows and the reads were on three nodes.
  test("a stream whose connections land on any node loses no event while all nodes are written to", async () => {
    await using proxy = await startTcpProxy(nodes[0].socketPath);
    let next = 0;
    const pool = throughProxy(proxy);
    pool.on("connection", () => proxy.pointTo(nodes[++next % 3]?.socketPath ?? ""));
    const table = await makeTable(nodes[0].pool, { observer: quiet });
    const counts = await load({ table, pool, nodes, disturb: () => proxy.cut() });
    expect(next).toBeGreaterThan(3);
    expect(lostOf(counts)).toEqual([]);
    expect(counts.outOfOrder).toBe(0);
    await pool.end();
  });

  // Catches a stream that stays with the node that was the writer before.
  test("a stream behind a proxy with one writer follows it to another node, without the option gaps", async () => {
    await using proxy = await startTcpProxy(nodes[0].socketPath);
    const pool = throughProxy(proxy);
    const table = await makeTable(nodes[0].pool, { observer: quiet });
    const stream = table.stream(pool, "");
    await insertBeyondGap(pool, table, "first");
    expect((await stream.next()).value).toMatchObject({ foreignId: "first" });
    proxy.pointTo(nodes[1].socketPath);
    proxy.cut();
    await insertBeyondGap(nodes[1].pool, table, "second");
    expect((await stream.next()).value).toMatchObject({ foreignId: "second" });
    await stream.close();
    await pool.end();
  });

  // Catches a list that is taken for a set of which any will do.
  test("a list of nodes in gaps.primary, all of which take writes, holds and says so", async () => {
    const stalls = new Reports<StallReport>();
    const table = await makeTable(nodes[0].pool, {
      gaps: { primary: nodes.map(({ pool }) => pool) },
      observer: { ...quiet, stall: stalls.add },
    });
    await insertBeyondGap(nodes[0].pool, table, "held");
    const stream = table.stream(nodes[0].pool, "");
    const pending = take(stream, 1);
    expect(await stalls.first()).toMatchObject({
      reason: "several_primaries",
      message: expect.stringMatching(/servers 1 and 2 and 3/),
    });
    await stream.close();
    await pending;
  });
});

function throughProxy({ port }: TcpProxy): Pool {
  const pool = createPool({ host: "127.0.0.1", port, user: "root", database: DATABASE });
  pool.on("connection", (connection) => connection.on("error", () => undefined));
  return pool;
}

interface Load {
  readonly table: EventsTable;
  /** The stream's. */
  readonly pool: Pool;
  readonly nodes: readonly [ClusterNode, ClusterNode, ClusterNode];
  /** Called at each third of the events. */
  readonly disturb: () => void;
}

/** Lets a stream follow while all nodes are written to. */
async function load({ table, pool, nodes, disturb }: Load): Promise<LoadCounts> {
  const counts = newCounts();
  const stream = table.stream(pool, "");
  const stopping = new AbortController();
  const following = followToEnd(stream, counts);
  const writing = nodes.map((node, index) =>
    writeTransactions(node.openPool(), table, { name: `node ${index}`, counts, signal: stopping.signal }),
  );
  for (const part of [1, 2, 3]) {
    await expect.poll(() => counts.delivered.length, { timeout: 30_000 }).toBeGreaterThan(part * ENOUGH);
    disturb();
  }
  stopping.abort();
  await Promise.all(writing);
  const last = nodes[0].openPool({ connectionLimit: 1 });
  // It comes after all that the other nodes have committed.
  await last.query("set session wsrep_sync_wait = 15");
  await table.insert(last, THE_END, 1);
  await following;
  await stream.close();
  console.log(`any node: ${errorsOf(counts)}, ${counts.acknowledged.length} events`);
  return counts;
}

async function insertBeyondGap(pool: Pool, table: EventsTable, foreignId: string): Promise<void> {
  await leaveGap(pool, table);
  await table.insert(pool, foreignId, 1);
}
