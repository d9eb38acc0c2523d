import { disableCache, type PollReport } from "reflex-rsql";
import { expect, test } from "vitest";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { idRange, Reports } from "../../../test/support/streams/gaps.ts";
import { insertMany, makeTable, take } from "../../../test/support/streams/streams.ts";

// A file of its own: it holds for the whole process.
describeEachServer((engine) => {
  // Catches a switch that is only read when a table object is made, and one that leaves the shared reads on.
  test("with the cache disabled for the process, each stream reads for itself", async () => {
    const pool = await engine.createRawPool();
    const polls = new Reports<PollReport>();
    const options = { wake: false, backoffMs: 60_000, observer: { poll: polls.add } } as const;
    const table = await makeTable(pool, options);
    const rowsRead = (): number => polls.all.reduce((sum, { rows }) => sum + rows, 0);
    disableCache();
    await insertMany(pool, table, 2000);
    const [first, second] = [table.stream(pool, ""), table.stream(pool, "")];
    expect(await take(first, 1500)).toEqual(idRange(1, 1500));
    const before = rowsRead();
    expect(await take(second, 1500)).toEqual(idRange(1, 1500));
    expect(rowsRead() - before).toBeGreaterThanOrEqual(1500);
    await first.close();
    await second.close();
  });
});
