import { expect, test } from "vitest";
import { describeEachServer } from "../support/servers/engines.ts";
import { makeTable, nothingWithin, openInsert, take } from "../support/streams/streams.ts";

describeEachServer((engine) => {
  // Catches every reader that passes a gap once it has waited long enough: a transaction may always take longer.
  test("a stream holds at an open transaction for longer than any of its own waits", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool, { gaps: { graceMs: 5 } });
    const late = await openInsert(pool, table);
    await table.insert(pool, "early", 1);
    const stream = table.stream(pool, "");
    const first = take(stream, 1);
    expect(await Promise.race([first, nothingWithin(2500)])).toBe("nothing");
    await late.commit();
    expect(await first).toEqual(["1"]);
    await stream.close();
  });
});
