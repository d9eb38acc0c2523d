import { beforeAll, describe, expect, test } from "vitest";
import { describeEachServer, type Engine } from "../../../test/support/servers/engines.ts";
import { newTableName } from "../../../test/support/tables/new-tables.ts";
import { makeEvent } from "../events/make-event.ts";
import { createTables } from "../schema/table-schema.ts";
import { CursorsTable } from "./cursors-table.ts";

describeEachServer((engine) => {
  let lax: Awaited<ReturnType<Engine["createRawPool"]>>;

  beforeAll(async () => {
    lax = await engine.createRawPool({ connectionLimit: 4 });
    lax.pool.on("connection", (connection) => void connection.query("set sql_mode = ''"));
  });

  async function makeTable(change: string): Promise<CursorsTable> {
    const name = newTableName("cursors");
    const table = new CursorsTable(name, { changesTable: `${name}_changes`, asyncPeriodMs: 0 });
    await createTables(lax, [table]);
    await lax.query(`alter table ${name}${change}`);
    return table;
  }

  describe("outside of strict mode, a column that would cut what is written is named, and nothing is written:", () => {
    test("a position", async () => {
      const table = await makeTable(" modify position varchar(5)");
      const event = makeEvent({ id: 1, type: 1, foreignId: "a", timestampMicros: 1 });
      const setting = table.toStore(lax).setCursor("a", "1", { event });
      await expect(setting).rejects.toMatchObject({ code: "wrong_schema", details: { column: "position" } });
      expect(await table.getCursor(lax, "a")).toBe("");
    });

    test("a request", async () => {
      const table = await makeTable(" modify request varchar(10)");
      await table.setCursor(lax, "a", "1");
      const asking = table.pause(lax, "a", { waitMs: 0 });
      await expect(asking).rejects.toMatchObject({ code: "wrong_schema", details: { column: "request" } });
      expect(await table.list(lax)).toMatchObject([{ consumer: "a", cursor: "1" }]);
    });

    test.each([
      ["reason", "varchar(5)", "too long a reason"],
      ["reason", "char(30)", "space "],
      ["asked_by", "varchar(20) character set latin1", "a reason"],
    ])("the %s of a change in a %s", async (column, type, reason) => {
      const table = await makeTable(`_changes modify ${column} ${type} not null`);
      await table.setCursor(lax, "a", "1");
      const asking = table.pause(lax, "a", { waitMs: 0, by: "☃", reason });
      await expect(asking).rejects.toMatchObject({ code: "wrong_schema", details: { column } });
      expect(await table.changes(lax)).toEqual([]);
    });
  });

  test.each(["a\ud83d", "\udc00a"])("half of a surrogate pair in a consumer's name is refused", async (name) => {
    const table = await makeTable(" modify updated_at datetime(6) not null");
    await expect(table.setCursor(lax, name, "1")).rejects.toMatchObject({ code: "invalid_argument" });
    await table.setCursor(lax, "a", "1");
    await expect(table.pause(lax, "a", { by: name })).rejects.toMatchObject({ code: "invalid_option" });
  });
});
