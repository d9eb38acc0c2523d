import { expect, test } from "vitest";
import { START_FENCE } from "../../../src/tables/position/start-rules.ts";
import { describeEachServer } from "../../support/servers/engines.ts";
import { noopIds } from "../../support/streams/gaps.ts";
import { makeTable, openInsert, take } from "../../support/streams/streams.ts";

describeEachServer((engine) => {
  // Catches a start at 0 of a table that has had many rows: millions of noops, or gap_too_large at the next event.
  test.each([{ fromHead: false }, { fromHead: true }])(
    "a stream that starts in a table whose rows were all pruned closes no more than the last thousand ids: %o",
    async (options) => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await pool.query(`alter table ${table.name} auto_increment = 5000001`);
      const stream = table.stream(pool, "", options);
      expect(await stream.start()).toBe(String(5_000_000n - START_FENCE));
      const next = take(stream, 1);
      await table.insert(pool, "first", 1);
      expect(await next).toEqual(["5000001"]);
      expect(await noopIds(pool, table)).toHaveLength(Number(START_FENCE));
      await stream.close();
    },
  );

  // Catches a start at the counter: the open row lies below it.
  test.each([{ fromHead: false }, { fromHead: true }])(
    "a row that is open at such a start is delivered when it commits: %o",
    async (options) => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await pool.query(`alter table ${table.name} auto_increment = 3001`);
      const open = await openInsert(pool, table);
      const stream = table.stream(pool, "", options);
      await stream.start();
      await open.commit();
      expect(await take(stream, 1)).toEqual(["3001"]);
      await stream.close();
    },
  );
});
