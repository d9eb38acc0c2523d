import type { Pool as MariadbPool } from "mariadb";
import type { Pool as Mysql2Pool, RowDataPacket } from "mysql2/promise";
import { expect, test } from "vitest";
import { describeEachEngine, type EnginePool } from "./engines.ts";

describeEachEngine((engine) => {
  async function rows(pool: EnginePool, sql: string): Promise<Record<string, unknown>[]> {
    if (engine.driver === "mariadb") return (pool as MariadbPool).query(sql);
    const [found] = await (pool as Mysql2Pool).query<RowDataPacket[]>(sql);
    return found;
  }

  test("the driver talks to the server in a database of this file's own", async () => {
    const pool = await engine.createPool();
    const [row] = await rows(pool, "select version() as version, database() as name");
    expect(row?.["name"]).toBe(engine.database);
    expect(String(row?.["version"]).includes("MariaDB")).toBe(engine.vendor === "mariadb");
  });

  test("all pools of an engine see the same tables", async () => {
    const pool = await engine.createPool();
    const raw = await engine.createRawPool();
    await rows(pool, "create table seen (id int primary key)");
    await raw.query("insert into seen values (7)");
    expect(await rows(pool, "select id from seen")).toEqual([{ id: 7 }]);
  });

  test("a second statement in one text is refused", async () => {
    await expect(rows(await engine.createPool(), "select 1; select 2")).rejects.toThrow(/syntax/);
  });
});
