import { describe, expect, test } from "vitest";
import { describeEachDatabase } from "../../../test/support/databases/test-database.ts";
import { newTableName, rowCount } from "../../../test/support/tables/new-tables.ts";
import { EventsTable } from "../events-table.ts";
import { createTables } from "../schema/table-schema.ts";

const GOOD = { foreignId: "a", type: 1 };

describeEachDatabase((database) => {
  describe("insertMany names the index of", () => {
    test.each([
      // oxlint-disable-next-line no-sparse-arrays -- the hole is the case
      { what: "a hole in a sparse array", events: [GOOD, , GOOD], index: 1, words: /must be an object/ },
      { what: "a length that was only set", events: Object.assign([GOOD], { length: 3 }), index: 1, words: /object/ },
      { what: "null", events: [GOOD, GOOD, null], index: 2, words: /must be an object, found null/ },
      { what: "undefined", events: [undefined], index: 0, words: /must be an object, found undefined/ },
      { what: "text", events: ["a"], index: 0, words: /must be an object, found/ },
      { what: "a wrong type", events: [GOOD, { foreignId: "b", type: 1.5 }], index: 1, words: /whole number/ },
      { what: "a wrong foreign id", events: [GOOD, { foreignId: 7, type: 1 }], index: 1, words: /must be a string/ },
      { what: "a getter that throws", events: [GOOD, throwing()], index: 1, words: /getter or proxy threw/ },
      { what: "a proxy that throws", events: [GOOD, throwingProxy({})], index: 1, words: /getter or proxy threw/ },
      { what: "an array that throws", events: throwingProxy([GOOD]), index: 0, words: /getter or proxy threw/ },
    ])("$what", async ({ events, index, words }) => {
      const db = await database.open();
      const table = new EventsTable(newTableName());
      await createTables(db, [table]);
      const error: unknown = await table.insertMany(db, events as never).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "invalid_argument", message: expect.stringMatching(words) });
      expect(String(error)).toContain(`event ${index} of insertMany`);
      expect(await rowCount(db, table.name)).toBe(0);
    });
  });
});

function throwing(): object {
  return {
    foreignId: "b",
    get type(): number {
      throw new Error("mine");
    },
  };
}

function throwingProxy<T extends object>(target: T): T {
  return new Proxy(target, {
    get: () => {
      throw new Error("mine");
    },
  });
}
