import { createPool, type Pool } from "mysql2/promise";
import type { EventsTable, StallReport } from "reflex-rsql";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ClusterNode, DATABASE } from "../support/clusters/cluster.ts";
import { describeCluster } from "../support/clusters/describe-cluster.ts";
import { type Galera, startGalera } from "../support/clusters/galera.ts";
import { startTcpProxy, type TcpProxy } from "../support/servers/tcp-proxy.ts";
import { leaveGap, noopIds, Reports } from "../support/streams/gaps.ts";
import { isResumed, quiet } from "../support/streams/stalls.ts";
import { makeTable, take } from "../support/streams/streams.ts";

/** A table whose streams ask all nodes of the cluster, and what they are told. */
async function probing(reader: Pool, probe: Pool[]): Promise<{ table: EventsTable; stalls: Reports<StallReport> }> {
  const stalls = new Reports<StallReport>();
  const table = await makeTable(reader, {
    gaps: { primary: reader, probe },
    observer: { ...quiet, stall: stalls.add },
  });
  await table.insert(reader, "first", 1);
  return { table, stalls };
}

/** A gap, and an event above it, whose foreign id is returned. */
async function insertBeyondGap(pool: Pool, table: EventsTable): Promise<string> {
  await leaveGap(pool, table);
  return table.insert(pool, "beyond", 1).then(() => "beyond");
}

await describeCluster("Galera", () => {
  let cluster: Galera;
  beforeAll(async () => {
    cluster = await startGalera(3);
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  // Catches a dead node that stops every stream until it is back, and a node left out while the others count it in.
  test("a node that is killed is left out once the others have gone on without it, and asked again once it is back", async () => {
    const [one, two, three] = cluster.nodes;
    if (!one || !two || !three) return expect.unreachable();
    const { table, stalls } = await probing(one.pool, [one.pool, two.pool, three.pool]);
    const stream = table.stream(one.pool, "");
    await take(stream, 1);
    await three.crash();
    await insertBeyondGap(one.pool, table);
    expect((await stream.next()).value).toMatchObject({ foreignId: "beyond" });
    await cluster.untilSize(one, 2);
    await insertBeyondGap(one.pool, table);
    expect((await stream.next()).value).toMatchObject({ foreignId: "beyond" });
    await three.comeBack();
    await insertBeyondGap(three.pool, table);
    expect((await stream.next()).value).toMatchObject({ foreignId: "beyond" });
    expect(stalls.all.filter((stall) => stall.reason === "partitioned")).toEqual([]);
    await stream.close();
  });

  // Catches a minority that answers for the others, and one that waits in silence.
  test("a reader on the side of the minority holds and says so, and goes on once the cluster is whole", async () => {
    const [one, two, three] = cluster.nodes;
    if (!one || !two || !three) return expect.unreachable();
    // Lets a node that is cut off be read at all.
    await three.pool.query("set global wsrep_dirty_reads = on");
    await using ways = new Ways();
    const reader = three.openPool();
    const { table, stalls } = await probing(reader, [await ways.to(one), await ways.to(two), reader]);
    const stream = table.stream(reader, "");
    await take(stream, 1);
    await leaveGap(reader, table);
    await table.insert(reader, "beyond", 1);
    const noops = await noopIds(one.pool, table);
    await three.isolate();
    ways.close();
    await cluster.untilSize(one, 2);
    const pending = take(stream, 1);
    expect(await stalls.first()).toMatchObject({
      reason: "partitioned",
      message: expect.stringMatching(/network between the nodes/),
    });
    expect(await noopIds(one.pool, table)).toEqual(noops);
    await three.rejoin();
    ways.open();
    expect(await pending).toHaveLength(1);
    await stalls.first(isResumed);
    await stream.close();
  });
});

/** Ways to nodes over a network that can lose everything. */
class Ways implements AsyncDisposable {
  readonly #proxies: TcpProxy[] = [];
  readonly #pools: Pool[] = [];
  #ends: (() => void)[] = [];

  async to({ socketPath }: ClusterNode): Promise<Pool> {
    const proxy = await startTcpProxy(socketPath);
    const pool = createPool({ host: "127.0.0.1", port: proxy.port, user: "root", database: DATABASE });
    this.#proxies.push(proxy);
    this.#pools.push(pool);
    return pool;
  }

  close(): void {
    this.#ends = this.#proxies.map((proxy) => proxy.blackHole());
  }

  open(): void {
    for (const end of this.#ends) end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pool of this.#pools) void pool.end().catch(() => undefined);
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
  }
}
