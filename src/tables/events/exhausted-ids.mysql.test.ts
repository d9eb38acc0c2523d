import { beforeAll, describe, expect, test } from "vitest";
import { describeEachEngine } from "../../../test/support/servers/engines.ts";
import { newTableName } from "../../../test/support/tables/new-tables.ts";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { transaction } from "../../database/handles/transaction.ts";
import { EventsTable } from "../events-table.ts";

describeEachEngine((engine) => {
  let pool: DatabaseHandle;

  beforeAll(async () => {
    pool = (await engine.createPool()) as DatabaseHandle;
  });

  describe("an insert into a table whose id column is at its end", () => {
    test.each([
      { type: "tinyint", last: 127n, remedy: /make it bigint/ },
      { type: "int unsigned", last: 2n ** 32n - 1n, remedy: /make it bigint/ },
      { type: "bigint", last: 2n ** 63n - 1n, remedy: /new table/ },
      // No server gives the largest of all.
      { type: "bigint unsigned", last: 2n ** 64n - 2n, remedy: /new table/ },
    ])("of type $type says so at once, with what to do, and loses no transaction", async ({ type, last, remedy }) => {
      const name = newTableName("full");
      const database = toDatabase(pool);
      await database.run(
        `create table ${name} (id ${type} not null auto_increment primary key, foreign_id varchar(20) not null, timestamp datetime(6) not null, type int not null)`,
        [],
      );
      await database.run(
        `insert into ${name} (id, foreign_id, type, timestamp) values (${last}, 'last', 1, utc_timestamp(6))`,
        [],
      );
      const table = new EventsTable(name);
      const details = { table: name, column: "id" };
      const expected = { code: "wrong_schema", message: expect.stringMatching(remedy), details };
      await expect(table.insert(pool, "a", 1)).rejects.toMatchObject(expected);
      const using = transaction(pool, async (tx) => {
        await expect(table.insert(tx as never, "a", 1)).rejects.toMatchObject(expected);
        return "committed";
      });
      expect(await using).toBe("committed");
    });
  });
});
