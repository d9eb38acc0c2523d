import { createPool } from "mysql2/promise";
import { expect, test } from "vitest";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { leaveGap } from "../../../test/support/streams/gaps.ts";
import { makeTable, take } from "../../../test/support/streams/streams.ts";

describeEachServer((engine) => {
  // Catches values that are bound in the place of others in one of the two statements: the first that checks whether they
  // fit, and those after it.
  test("noops have the values that the user gives, the first ones and those after them", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool, { gaps: { noopValues: { tenant: "it's ?", foreign_id: "none" } } });
    await pool.query(`alter table ${table.name} add tenant varchar(20) not null default ''`);
    const stream = table.stream(pool, "", { firstId: "1" });
    for (const [size, kept] of [
      [1, "2"],
      [3, "6"],
      [2, "9"],
    ] as const) {
      await leaveGap(pool, table, size);
      await table.insert(pool, "kept", 1);
      expect(await take(stream, 1)).toEqual([kept]);
    }
    const [rows] = await pool.query(
      `select id, foreign_id, type, tenant from ${table.name} where type = 0 order by id`,
    );
    const noop = { foreign_id: "none", type: 0, tenant: "it's ?" };
    expect(rows).toEqual([1, 3, 4, 5, 7, 8].map((id) => ({ id, ...noop })));
    await stream.close();
  });

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

  // Catches advice to add a column to the table, or to set an option of fields, for a name that is wrong in noopValues.
  test("noopValues for a column that is not there are named as what is wrong", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool, { gaps: { noopValues: { nope: 1 } } });
    await leaveGap(pool, table);
    await table.insert(pool, "after", 1);
    const stream = table.stream(pool, "", { firstId: "1" });
    const failure = await take(stream, 1).catch((error: unknown) => error as Error);
    expect(failure).toMatchObject({ code: "wrong_schema", message: expect.stringMatching(/gaps\.noopValues.*nope/) });
    expect((failure as Error).message).not.toMatch(/Field options/);
    await stream.close();
  });

  // Catches advice to make the table in a database where nobody wants it.
  test("an entry of gaps.probe that is a pool of another database is named as that", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool, {});
    const other = createPool(engine.url("mysql"));
    await leaveGap(pool, table);
    await table.insert(pool, "after", 1);
    const stream = table.stream(pool, "", { firstId: "1", gaps: { probe: [pool, other] } });
    const failure = await take(stream, 1).catch((error: unknown) => error as Error);
    expect(failure).toMatchObject({
      code: "wrong_schema",
      message: expect.stringMatching(/number 2 of gaps\.probe.*same database/),
    });
    await stream.close();
    await other.end();
  });
});
