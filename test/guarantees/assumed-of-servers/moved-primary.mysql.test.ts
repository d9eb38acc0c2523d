import type { Pool } from "mysql2/promise";
import { EventsTable, type GapOptions, type StallReport } from "reflex-rsql";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeEachServer } from "../../support/servers/engines.ts";
import { type Replication, startReplication } from "../../support/servers/replication.ts";
import { leaveGap, noopIds, Reports } from "../../support/streams/gaps.ts";
import { isResumed, quiet } from "../../support/streams/stalls.ts";
import { makeTable, take } from "../../support/streams/streams.ts";

describeEachServer(({ vendor }) => {
  let servers: Replication;
  let [primary, replica]: Pool[] = [];
  beforeAll(async () => {
    servers = await startReplication(vendor, ["--read-only=1"]);
    primary = servers.primary.pool;
    replica = servers.replica.pool;
    for (const pool of [primary, replica])
      pool.on("connection", (connection) => connection.on("error", () => undefined));
  });
  afterAll(() => servers[Symbol.asyncDispose]());

  function pools(): { primary: Pool; replica: Pool } {
    if (primary === undefined || replica === undefined) throw new Error("no servers");
    return { primary, replica };
  }

  /** A table with a gap in it, read from the replica. */
  async function withGap(chosen: GapOptions["primary"]) {
    const made = await makeTable(pools().primary);
    const stalls = new Reports<StallReport>();
    const table = new EventsTable(made.name, { gaps: { primary: chosen }, observer: { ...quiet, stall: stalls.add } });
    await insertBeyondGap(pools().primary, table);
    await servers.caughtUp();
    return { stalls, table };
  }

  async function insertBeyondGap(pool: Pool, table: EventsTable): Promise<void> {
    await leaveGap(pool, table);
    await table.insert(pool, "beyond", 1);
  }

  // Catches one that is picked of two that take writes, and a hold that is not told, or lasts.
  test("of two servers in gaps.primary that take writes none is picked, until one does", async () => {
    await pools().replica.query("set global read_only = 0");
    const { table, stalls } = await withGap([pools().primary, pools().replica]);
    const stream = table.stream(pools().replica, "");
    const pending = take(stream, 1);
    const stall = await stalls.first();
    expect(stall).toMatchObject({ reason: "several_primaries" });
    expect(stall.message).toMatch(
      /servers 1 and 2 of gaps\.primary take writes.*set read_only on the others.*list each server once/,
    );
    expect(await noopIds(pools().primary, table)).toEqual([]);
    expect(await noopIds(pools().replica, table)).toEqual([]);
    await pools().replica.query("set global read_only = 1");
    expect(await pending).toEqual(["2"]);
    expect(await stalls.first(isResumed)).toMatchObject({ reason: "several_primaries" });
    expect(await servers.state()).toMatchObject({ applies: true });
    await stream.close();
  });

  // Catches a server that counts as two, as under a name and an address: no setting of any server would end that hold.
  test("a server that is in gaps.primary twice is one", async () => {
    const { table, stalls } = await withGap([servers.primary.openPool(), pools().replica, servers.primary.openPool()]);
    const stream = table.stream(pools().replica, "");
    expect(await take(stream, 1)).toEqual(["2"]);
    expect(stalls.all).toEqual([]);
    await stream.close();
  });

  // Catches the words of a program's error, which may hold a password, in a warning.
  test("a function gaps.primary that fails is told of by the kind of its error", async () => {
    const { table, stalls } = await withGap(() => Promise.reject(new RangeError("password=hunter2")));
    const stream = table.stream(pools().replica, "");
    const pending = take(stream, 1);
    const { message } = await stalls.first();
    expect(message).toMatch(/the function gaps\.primary failed: RangeError/);
    expect(message).not.toMatch(/hunter2/);
    await stream.close();
    await pending;
  });

  // Catches a function that is asked once, and one whose answer is taken for a pool that it is not.
  test("a function gaps.primary is asked until it names the primary", async () => {
    let named: Pool | undefined;
    const { table, stalls } = await withGap(() => named);
    const stream = table.stream(pools().replica, "");
    const pending = take(stream, 1);
    expect(await stalls.first()).toMatchObject({
      reason: "not_writable",
      message: expect.stringMatching(/names no server/),
    });
    named = pools().primary;
    expect(await pending).toEqual(["2"]);
    await stream.close();
  });

  test("a function gaps.primary that gives no pool ends the stream with a mistake", async () => {
    for (const given of ["the primary", [pools().primary], null]) {
      const { table } = await withGap(() => given as never);
      const stream = table.stream(pools().replica, "");
      await expect(stream.next()).rejects.toThrow(/function gaps\.primary .*expected a pool/);
    }
  });

  // Catches a stream that waits for fillGaps() when its primary has died, and noops that go to a replica meanwhile.
  test("a stream goes on by itself once another server in gaps.primary has become the primary", async () => {
    const { table, stalls } = await withGap([pools().primary, pools().replica]);
    const stream = table.stream(pools().replica, "");
    expect(await take(stream, 1)).toEqual(["2"]);
    await insertBeyondGap(pools().primary, table);
    await servers.caughtUp();
    await servers.primary.server.crash();
    const pending = take(stream, 1);
    // As long as nobody has made it the primary it is a replica.
    expect(await stalls.first()).toMatchObject({ reason: "unreachable" });
    expect(await noopIds(pools().replica, table)).toEqual(["1"]);
    await servers.disconnect();
    await pools().replica.query("set global read_only = 0");
    expect(await pending).toEqual(["4"]);
    expect(await noopIds(pools().replica, table)).toEqual(["1", "3"]);
    await stream.close();
  });
});
