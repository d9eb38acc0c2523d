import { expect, test } from "vitest";
import {
  arriveOneByOne,
  describeGtidServer,
  insertElsewhere,
  onlyHeard,
  waiting,
} from "../../support/streams/commits.ts";
import { idRange } from "../../support/streams/gaps.ts";
import { openInsert, take } from "../../support/streams/streams.ts";

describeGtidServer((server) => {
  test("a stream hears of each event of others at once, through mysql2", async () => {
    const table = await server.makeTable(onlyHeard);
    const stream = table.stream(server.openPool(), "");
    expect(await arriveOneByOne(stream, 50, () => insertElsewhere(server.root, table))).toEqual(idRange(1, 50));
    await stream.close();
  });

  test("a stream hears of each event of others at once, through mariadb", async () => {
    await server.withMariadbPool(10, async (pool) => {
      const table = await server.makeTable(onlyHeard);
      const stream = table.stream(pool, "");
      expect(await arriveOneByOne(stream, 50, () => insertElsewhere(server.root, table))).toEqual(idRange(1, 50));
      await stream.close();
    });
  });

  test("a stream hears of them as a user without any privileges but those on the table", async () => {
    const { root } = server;
    const table = await server.makeTable(onlyHeard);
    await root.query("create user plain@localhost");
    await root.query(`grant select on ${table.name} to plain@localhost`);
    const stream = table.stream(server.openPool({ user: "plain" }), "");
    expect(await arriveOneByOne(stream, 10, () => insertElsewhere(root, table))).toEqual(idRange(1, 10));
    await stream.close();
  });

  // Catches a table that is looked up no more when its stream has left the head once, and one connection a table.
  test("streams of several tables hear of theirs on one connection", async () => {
    const { root } = server;
    const pool = server.openPool();
    const tables = [await server.makeTable(onlyHeard), await server.makeTable(onlyHeard)];
    const streams = tables.map((table) => table.stream(pool, ""));
    const arriving = tables.map((table, index) => {
      const stream = streams[index] ?? table.stream(pool, "");
      return arriveOneByOne(stream, 10, () => insertElsewhere(root, table));
    });
    expect(await Promise.all(arriving)).toEqual([idRange(1, 10), idRange(1, 10)]);
    const ends = streams.map((stream) => stream.next());
    await waiting(root);
    await Promise.all(streams.map((stream) => stream.close()));
    await Promise.all(ends);
  });

  // Catches a stream that is left at the head by a look which began while its poll was under way.
  test("streams hear of events that come while they read", async () => {
    const { root } = server;
    const pool = server.openPool();
    const tables = [await server.makeTable(onlyHeard), await server.makeTable(onlyHeard)];
    const streams = tables.map((table) => table.stream(pool, ""));
    const taken = streams.map((stream) => take(stream, 150));
    for (let round = 0; round < 150; round++) {
      for (const table of tables) await insertElsewhere(root, table);
    }
    expect(await Promise.all(taken)).toEqual([idRange(1, 150), idRange(1, 150)]);
    await Promise.all(streams.map((stream) => stream.close()));
  });

  test("gaps are closed while streams listen", async () => {
    const pool = server.openPool({ connectionLimit: 5 });
    const table = await server.makeTable({ backoffMs: 600_000 });
    const stream = table.stream(pool, "");
    const arrived = take(stream, 1);
    await waiting(server.root);
    await (await openInsert(server.root, table)).rollback();
    await insertElsewhere(server.root, table);
    expect(await arrived).toEqual(["2"]);
    await stream.close();
  });
});
