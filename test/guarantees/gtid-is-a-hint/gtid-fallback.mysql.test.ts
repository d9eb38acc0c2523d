import { createTables, EventsTable } from "reflex-rsql";
import { expect, test } from "vitest";
import { describeEachServer } from "../../support/servers/engines.ts";
import { startReplication } from "../../support/servers/replication.ts";
import {
  arriveOneByOne,
  describeGtidServer,
  gtidFlags,
  insertElsewhere,
  onlyHeard,
  waiting,
  waits,
} from "../../support/streams/commits.ts";
import { idRange } from "../../support/streams/gaps.ts";
import { makeTable, take } from "../../support/streams/streams.ts";

const onTime = { backoffMs: 600_000 };

describeEachServer((engine) => {
  const { vendor } = engine;

  // MariaDB has no such function; MySQL has it only with gtid_mode.
  test("a server that does not number its commits is looked at on time", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool, onTime);
    const stream = table.stream(pool, "");
    expect(await arriveOneByOne(stream, 10, () => insertElsewhere(pool, table))).toEqual(idRange(1, 10));
    await stream.close();
  });

  // Catches a wait for ids of the replica's own, which stand still, and looks that then come less often.
  test.runIf(vendor === "mysql")("a replica is looked at on time, and the useless connection given back", async () => {
    await using replication = await startReplication(vendor, gtidFlags, gtidFlags);
    const primary = replication.primary.pool;
    const replica = replication.replica;
    const table = new EventsTable("replicated", onTime);
    await createTables(primary, [table]);
    await replication.caughtUp();
    const stream = table.stream(replica.openPool(), "");
    const first = take(stream, 1);
    await waiting(replica.pool);
    await insertElsewhere(primary, table);
    expect(await first).toEqual(["1"]);
    const second = take(stream, 1);
    await expect.poll(() => waits(replica.pool), { interval: 20 }).toEqual([]);
    await insertElsewhere(primary, table);
    expect(await second).toEqual(["2"]);
    expect(await arriveOneByOne(stream, 10, () => insertElsewhere(primary, table))).toEqual(idRange(3, 12));
    await stream.close();
  });
});

describeGtidServer((server) => {
  // Catches looks on time that end where one after a commit begins, and a hint that is relied on though it is silent.
  test("commits without an id, among those with one, are found on time", async () => {
    const table = await server.makeTable(onTime);
    const unlogged = await server.root.getConnection();
    await unlogged.query("set session sql_log_bin = 0");
    const stream = table.stream(server.openPool(), "");
    let round = 0;
    const insert = (): Promise<void> => insertElsewhere(round++ % 3 === 0 ? server.root : unlogged, table);
    expect(await arriveOneByOne(stream, 60, insert)).toEqual(idRange(1, 60));
    await stream.close();
    unlogged.destroy();
  });

  // Catches a wait for a number that belongs to a tag.
  test("commits with a tag are found on time, and those without one are heard of after them", async () => {
    const tagging = await server.root.getConnection();
    await tagging.query("set session gtid_next = 'AUTOMATIC:nightly'");
    const table = await server.makeTable(onTime);
    const stream = table.stream(server.openPool(), "");
    expect(await arriveOneByOne(stream, 5, () => insertElsewhere(tagging, table))).toEqual(idRange(1, 5));
    await stream.close();
    tagging.destroy();
    const hearing = table.clone(onlyHeard).stream(server.openPool(), "5");
    const insert = (): Promise<void> => insertElsewhere(server.root, table);
    expect(await arriveOneByOne(hearing, 10, insert)).toEqual(idRange(6, 15));
    await hearing.close();
  });

  // Catches one that never listens again, and one that misses what was committed while nobody listened.
  test("a server is listened to again after the waiting connection was killed", async () => {
    const { root } = server;
    const table = await server.makeTable(onlyHeard);
    const stream = table.stream(server.openPool(), "");
    const arrived = take(stream, 1);
    await root.query(`kill ${await waiting(root)}`);
    await insertElsewhere(root, table);
    expect(await arrived).toEqual(["1"]);
    expect(await arriveOneByOne(stream, 10, () => insertElsewhere(root, table))).toEqual(idRange(2, 11));
    await stream.close();
  });

  // The server refuses OFF as long as anyone waits for a commit. The last test of this server.
  test("gtid_mode can be switched off while streams listen, which then look on time", async () => {
    const { root } = server;
    const table = await server.makeTable(onTime);
    const stream = table.stream(server.openPool(), "");
    const arrived = take(stream, 1);
    await waiting(root);
    await root.query("set global gtid_mode = ON_PERMISSIVE");
    await root.query("set global gtid_mode = OFF_PERMISSIVE");
    const switchOff = (): Promise<string> =>
      root.query("set global gtid_mode = OFF").then(
        () => "off",
        (error: Error) => error.message,
      );
    await expect.poll(switchOff, { interval: 100 }).toBe("off");
    await insertElsewhere(root, table);
    expect(await arrived).toEqual(["1"]);
    expect(await arriveOneByOne(stream, 10, () => insertElsewhere(root, table))).toEqual(idRange(2, 11));
    await stream.close();
  });
});
