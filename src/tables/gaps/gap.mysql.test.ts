import { expect, test } from "vitest";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { makeTable, openInsert, take } from "../../../test/support/streams/streams.ts";

describeEachServer((engine) => {
  test("a gap that a rollback left before the stream came is closed", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool);
    const rolledBack = await openInsert(pool, table);
    await rolledBack.rollback();
    await table.insert(pool, "kept", 1);
    const stream = table.stream(pool, "");
    expect(await take(stream, 1)).toEqual(["2"]);
    await stream.close();
  });

  test("a gap whose transaction rolls back while the stream waits is closed", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool);
    const stream = table.stream(pool, "");
    for (const expected of ["2", "4", "6"]) {
      const rolledBack = await openInsert(pool, table);
      await table.insert(pool, "kept", 1);
      const pending = take(stream, 1);
      await rolledBack.rollback();
      expect(await pending).toEqual([expected]);
    }
    await stream.close();
  });
});
