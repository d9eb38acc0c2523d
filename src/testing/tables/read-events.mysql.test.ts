import { expect, test } from "vitest";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { makeTable, openInsert } from "../../../test/support/streams/streams.ts";
import { getNextEvents } from "./read-events.ts";

describeEachServer((engine) => {
  // Catches a list that ends at a gap as if that were the head, and one that waits for it until the runner gives up.
  test("the next events are refused while an open transaction holds them up", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool);
    await table.insert(pool, "a", 1);
    const open = await openInsert(pool, table);
    await table.insert(pool, "c", 1);
    await expect(getNextEvents(pool, table, "")).rejects.toMatchObject({
      code: "time_limit",
      message: expect.stringContaining("an open transaction may hold the next one") as string,
    });
    await open.rollback();
    expect((await getNextEvents(pool, table, "")).map(({ foreignId }) => foreignId)).toEqual(["a", "c"]);
  });
});
