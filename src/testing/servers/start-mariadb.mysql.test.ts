import { createPool as createMariadbPool } from "mariadb";
import { createPool } from "mysql2/promise";
import { describe, expect, test } from "vitest";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { EventsTable } from "../../tables/events-table.ts";
import { createTables } from "../../tables/schema/table-schema.ts";
import { getNextEvents } from "../tables/read-events.ts";
import { startMariadb } from "./start-mariadb.ts";

async function cell(url: string, sql: string): Promise<unknown> {
  const pool = createPool(url);
  try {
    const [rows] = await pool.query({ sql, rowsAsArray: true });
    return (rows as unknown[][])[0]?.[0];
  } finally {
    await pool.end();
  }
}

describeEachServer(({ vendor }) => {
  // Catches a URL without a database, and databases that are one.
  test("a test server has a database of its own, and makes others that are apart", async () => {
    await using server = await startMariadb({ vendor });
    expect([server.vendor, server.port]).toEqual([vendor, undefined]);
    expect(await cell(server.url, "select @@socket")).toBe(server.socketPath);
    expect(await cell(server.url, "select database()")).toBe("test");
    const [made, named] = [await server.createDatabase(), await server.createDatabase("Mine & yours")];
    expect(await cell(made, "select database()")).toMatch(/^test_[0-9a-f]{12}$/);
    expect(await cell(named, "select database()")).toBe("Mine & yours");
    await cell(made, "create table t (id int)");
    expect(await cell(named, "select count(*) from information_schema.tables where table_schema = database()")).toBe(0);
    for (const name of ["a`b", "", null, 5, {}] as string[]) {
      await expect(server.createDatabase(name)).rejects.toMatchObject({ code: "invalid_identifier" });
    }
  });

  // Catches a server whose data, or whose databases, a restart loses.
  test("a test server keeps its data through a crash", async () => {
    const server = await startMariadb({ vendor, durable: true });
    const pool = createPool(server.url);
    const orders = new EventsTable("order_events");
    await createTables(pool, [orders]);
    await orders.insert(pool, "o-1", 1);
    await server.crash();
    await server.restart();
    const [event] = await getNextEvents(pool, orders, "");
    expect(event?.foreignId).toBe("o-1");
    await pool.end();
    await server.stop();
    await server.stop();
    await expect(cell(server.url, "select 1")).rejects.toThrow(/ECONNREFUSED|ENOENT/);
  });

  // Catches a URL that only one of the drivers can read.
  test("the URL serves the mariadb driver with its own scheme", async () => {
    await using server = await startMariadb({ vendor });
    const pool = createMariadbPool(server.url.replace("mysql:", "mariadb:"));
    expect(await pool.query("select database() as name")).toMatchObject([{ name: "test" }]);
    await pool.end();
  });
});

describe("a test server that can't be had", () => {
  // Catches a message that leaves its reader with nothing to do.
  test.each([
    [{ program: "/nowhere/mariadbd" }, /no MariaDB server.*apt-get install.*mariadb-server-core/],
    [{ vendor: "mysql", program: "/nowhere/mysqld" }, /no MySQL server.*apt-get install.*mysql-server-core/],
  ] as const)("fails with what to install, for %j", async (options, message) => {
    await expect(startMariadb(options)).rejects.toThrow(message);
  });

  // Catches options that are silently ignored.
  test("fails for an option that it does not have", async () => {
    await expect(startMariadb({ version: "10" } as object)).rejects.toMatchObject({ code: "invalid_option" });
    await expect(startMariadb({ vendor: "postgres" as "mysql" })).rejects.toMatchObject({ code: "invalid_option" });
  });
});
