import { expect, test } from "vitest";
import { describeEachServer } from "../support/servers/engines.ts";
import { killOthers, makeTable, take } from "../support/streams/streams.ts";

describeEachServer((engine) => {
  // Catches a memory of events that outlives the connection they came by: a server that crashed may have lost them.
  test("a stream reads anew, after a reconnect, what another stream had read before", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool, { limit: 1, observer: { error: () => undefined } });
    for (const foreignId of ["a", "b", "c"]) await table.insert(pool, foreignId, 1);
    const [behind, front] = [table.stream(pool, ""), table.stream(pool, "")];
    expect(await take(behind, 1)).toEqual(["1"]);
    expect(await take(front, 3)).toEqual(["1", "2", "3"]);
    await pool.query(`update ${table.name} set foreign_id = 'another' where id = 2`);
    await killOthers(pool, engine.database);
    const writes = await engine.createRawPool();
    await table.insert(writes, "d", 1);
    expect(await take(front, 1)).toEqual(["4"]);
    expect((await behind.next()).value).toMatchObject({ id: "2", foreignId: "another" });
    await Promise.all([behind.close(), front.close()]);
  });
});
