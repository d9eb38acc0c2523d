import { beforeAll, expect, test } from "vitest";
import { watchedDatabase } from "../../../test/support/databases/watched-database.ts";
import { describeEachServer, type Engine } from "../../../test/support/servers/engines.ts";
import { newTableName } from "../../../test/support/tables/new-tables.ts";
import type { Database } from "../../database/database.ts";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { CursorsTable } from "../cursors/cursors-table.ts";
import { createTables } from "./table-schema.ts";

describeEachServer((engine) => {
  let pool: DatabaseHandle;
  let raw: Awaited<ReturnType<Engine["createRawPool"]>>;

  beforeAll(async () => {
    pool = (await engine.createPool()) as DatabaseHandle;
    raw = await engine.createRawPool();
  });

  function count(): { database: Database; looks: string[] } {
    const looks: string[] = [];
    const database = watchedDatabase(pool, ({ sql }, send) => {
      if (sql.includes("information_schema.columns")) looks.push(sql);
      return send();
    });
    return { database, looks };
  }

  test("the check runs once a database, also for many consumers at one time", async () => {
    const table = new CursorsTable(newTableName());
    await createTables(pool, [table]);
    const [one, two] = [count(), count()];
    const consumers = Array.from({ length: 20 }, (_, index) => `consumer ${index}`);
    await Promise.all(consumers.map((consumer) => table.getCursor(one.database, consumer)));
    await Promise.all(consumers.map((consumer) => table.getCursor(two.database, consumer)));
    await table.getCursor(one.database, "a");
    expect([one.looks.length, two.looks.length]).toEqual([1, 1]);
  });

  test("the check runs again after a failure, and passes once the table is mended", async () => {
    const name = newTableName();
    const table = new CursorsTable(name);
    const { database } = count();
    await expect(table.getCursor(database, "a")).rejects.toThrow("does not exist");
    await raw.query(`create table ${name} (id varchar(255), last_event_id bigint, updated_at datetime)`);
    await expect(table.getCursor(database, "a")).rejects.toThrow("must be the primary key");
    await raw.query(`alter table ${name} add primary key (id)`);
    expect(await table.getCursor(database, "a")).toBe("");
  });

  test("a check that one caller gives up is done for the others", async () => {
    const table = new CursorsTable(newTableName());
    await createTables(pool, [table]);
    const { database } = count();
    const controller = new AbortController();
    const aborted = table.getCursor(database, "a", { signal: controller.signal });
    const others = [table.getCursor(database, "a"), table.getCursor(database, "b")];
    controller.abort(new Error("enough"));
    await expect(aborted).rejects.toThrow("enough");
    expect(await Promise.all(others)).toEqual(["", ""]);
  });
});
