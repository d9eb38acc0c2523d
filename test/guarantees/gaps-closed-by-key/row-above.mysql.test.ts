import { EventsTable } from "reflex-rsql";
import { expect, test } from "vitest";
import { watchedDatabase } from "../../support/databases/watched-database.ts";
import { describeEachServer } from "../../support/servers/engines.ts";
import { insertAroundGap, storedTypes } from "../../support/streams/gaps.ts";
import { makeTable, nothingWithin, take } from "../../support/streams/streams.ts";

describeEachServer((engine) => {
  // Catches noops that go in on the word of an earlier statement: above the highest row, the counter would jump over them.
  test.each([
    { what: "is truncated", change: "truncate table TABLE", left: [] },
    { what: "loses the row above the gap", change: "delete from TABLE where id >= 3", left: [1] },
    {
      what: "has another row there",
      change: "update TABLE set timestamp = '2001-01-01' where id = 3",
      left: undefined,
    },
  ])("no noop goes in by an insert before which the table $what", async ({ change, left }) => {
    const pool = await engine.createRawPool();
    const plain = await makeTable(pool);
    const outcomes: string[] = [];
    const primary = watchedDatabase(pool, async ({ sql }, send) => {
      if (!sql.startsWith("insert ignore")) return send();
      if (outcomes.length === 0) await pool.query(change.replace("TABLE", plain.name));
      return send().then(
        (result) => {
          outcomes.push("inserted");
          return result;
        },
        (error: unknown) => {
          outcomes.push("refused");
          throw error;
        },
      );
    });
    const table = new EventsTable(plain.name, { gaps: { primary, graceMs: 0 } });
    await insertAroundGap(pool, table);
    const stream = table.stream(pool, "");
    expect(await take(stream, 1)).toEqual(["1"]);
    const ended = take(stream, 1).catch(() => "ended");
    await expect.poll(() => outcomes[0]).toBe("refused");
    if (left !== undefined) {
      await Promise.race([ended, nothingWithin(300)]);
      expect(await storedTypes(pool, table)).toEqual(left);
    }
    await stream.close();
    await ended;
  });
});
