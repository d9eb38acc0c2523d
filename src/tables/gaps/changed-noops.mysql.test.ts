import { expect, test } from "vitest";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { leaveGap } from "../../../test/support/streams/gaps.ts";
import { makeTable, take } from "../../../test/support/streams/streams.ts";

describeEachServer((engine) => {
  // INSERT IGNORE makes what fits of a value that does not, in every mode. Such a row would be delivered as an event.
  test("a noop whose values do not fit is refused, told of, and not delivered", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool, { gaps: { noopValues: { foreign_id: "longer than its column" } } });
    await leaveGap(pool, table);
    await pool.query(`alter table ${table.name} modify foreign_id varchar(5) not null`);
    await table.insert(pool, "after", 1);
    const stream = table.stream(pool, "", { firstId: "1" });
    await expect(take(stream, 1)).rejects.toMatchObject({
      code: "gap_unfillable",
      message: expect.stringMatching(/foreign_id/),
    });
    const [rows] = await pool.query(`select id, foreign_id from ${table.name}`);
    expect(rows).toEqual([{ id: 2, foreign_id: "after" }]);
    await stream.close();
  });
});
