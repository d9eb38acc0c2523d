import { beforeAll, describe, expect, test } from "vitest";
import { describeEachServer, type Engine } from "../../../test/support/servers/engines.ts";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import { createTables } from "../schema/table-schema.ts";
import { CursorsTable } from "./cursors-table.ts";

const quiet = { warn: () => undefined };
const never = (): Promise<void> => new Promise(() => undefined);

describeEachServer((engine) => {
  let pool: DatabaseHandle;
  let lax: DatabaseHandle;
  let raw: Awaited<ReturnType<Engine["createRawPool"]>>;
  let tables = 0;

  beforeAll(async () => {
    pool = (await engine.createPool()) as DatabaseHandle;
    raw = await engine.createRawPool();
    const outOfStrictMode = await engine.createRawPool({ connectionLimit: 2 });
    outOfStrictMode.pool.on("connection", (connection) => void connection.query("set sql_mode = ''"));
    lax = outOfStrictMode;
  });

  async function create(id: string, cursor = "bigint"): Promise<CursorsTable> {
    tables += 1;
    const name = `cursors_${tables}`;
    await raw.query(
      `create table ${name} (id ${id} not null primary key, last_event_id ${cursor} not null, updated_at datetime(6) not null)`,
    );
    return new CursorsTable(name, { asyncPeriodMs: 0, sleep: never, logger: quiet });
  }

  async function rows(table: CursorsTable): Promise<unknown> {
    const [found] = await raw.query(
      `select id, cast(last_event_id as char) as c from ${table.name} order by cast(id as binary)`,
    );
    return found;
  }

  describe("names of consumers", () => {
    test("are exact in a table of ours", async () => {
      const table = new CursorsTable("cursors_exact", { asyncPeriodMs: 0 });
      await createTables(pool, [table]);
      const names = ["a", "A", "ä", "á", "😀", "😁", "straße", "strasse", "a b", "x".repeat(255), "x".repeat(254)];
      for (const [index, name] of names.entries()) await table.setCursor(pool, name, String(index + 1));
      const read = await Promise.all(names.map((name) => table.clone().getCursor(pool, name)));
      expect(read).toEqual(names.map((_, index) => String(index + 1)));
    });

    test.each([
      ["A", "another case"],
      ["ä", "another accent"],
    ])("%s, %s, is a collision where the column takes it for a", async (name) => {
      const table = await create("varchar(255) character set utf8mb4 collate utf8mb4_general_ci");
      await table.setCursor(pool, "a", "5");
      const collision = {
        code: "consumer_name_collision",
        message: `${table.name} takes consumer "${name}" for "a", whose cursor it would share: give its name column the collation utf8mb4_bin, or the consumer another name`,
      };
      await expect(table.getCursor(pool, name)).rejects.toMatchObject(collision);
      await expect(table.setCursor(pool, name, "9")).rejects.toMatchObject(collision);
      await table.setCursor(pool, "a", "6");
      expect(await rows(table)).toEqual([{ id: "a", c: "6" }]);
    });

    test("a collision found while cursors are written leaves the others alone, and is told to its consumer until it is mended", async () => {
      const table = (await create("varchar(255) character set utf8mb4 collate utf8mb4_general_ci")).clone({
        asyncPeriodMs: 5000,
      });
      for (const name of ["a", "A", "b"]) await table.setCursor(pool, name, "1");
      await table.flush();
      const [winner, loser] = (await table.getCursor(pool, "a").catch(() => "")) === "1" ? ["a", "A"] : ["A", "a"];
      for (const name of [winner, "b"]) await table.setCursor(pool, name, "2");
      const collision = { code: "consumer_name_collision" };
      await expect(table.setCursor(pool, loser, "2")).rejects.toMatchObject(collision);
      await expect(table.setCursor(pool, loser, "3")).rejects.toMatchObject(collision);
      await table.flush();
      expect(await rows(table)).toEqual(
        expect.arrayContaining([
          { id: winner, c: "2" },
          { id: "b", c: "2" },
        ]),
      );
      await raw.query(
        `alter table ${table.name} modify id varchar(255) character set utf8mb4 collate utf8mb4_bin not null`,
      );
      await table.setCursor(pool, loser, "3");
      await table.flush();
      expect(await rows(table)).toHaveLength(3);
    });

    test.each([" a", "a ", "a\n", "", "x".repeat(256)])("%j is refused", async (name) => {
      const table = await create("varchar(255)");
      await expect(table.setCursor(pool, name, "1")).rejects.toMatchObject({ code: "invalid_argument" });
      await expect(table.getCursor(pool, name)).rejects.toMatchObject({ code: "invalid_argument" });
      expect(await rows(table)).toEqual([]);
    });

    test.each(["strict mode", "no strict mode"])(
      "one longer than the column is an error and never cut, in %s",
      async (mode) => {
        const db = mode === "strict mode" ? pool : lax;
        const table = await create("varchar(10)");
        const tooLong = {
          code: "wrong_schema",
          message: `column id of table ${table.name} is varchar(10) and can't hold "abcdefghijk": make it longer than 10`,
        };
        await expect(table.setCursor(db, "abcdefghijk", "1")).rejects.toMatchObject(tooLong);
        await expect(table.getCursor(db, "abcdefghijk")).rejects.toMatchObject(tooLong);
        await table.setCursor(db, "äbcdefghi😀", "1");
        expect(await rows(table)).toEqual([{ id: "äbcdefghi😀", c: "1" }]);
      },
    );

    test("one with characters that the column has not is an error and never replaced", async () => {
      const table = await create("varchar(20) character set latin1");
      await table.setCursor(lax, "käse", "1");
      await expect(table.setCursor(lax, "käse😀", "1")).rejects.toMatchObject({ code: "wrong_schema" });
      expect(await rows(table)).toEqual([{ id: "käse", c: "1" }]);
    });
  });

  describe("cursors that the column can't hold", () => {
    test.each([
      ["int", "2147483647", "2147483648"],
      ["int unsigned", "4294967295", "4294967296"],
      ["smallint", "32767", "32768"],
      ["varchar(5)", "99999", "100000"],
    ])(
      "in a column of type %s, %s is the last one, and %s is an error and not made smaller",
      async (type, last, next) => {
        const table = await create("varchar(255)", type);
        await table.setCursor(lax, "a", last);
        await expect(table.setCursor(lax, "a", next)).rejects.toMatchObject({ code: "wrong_schema" });
        expect(await rows(table)).toEqual([{ id: "a", c: last }]);
      },
    );
  });

  test("string cursors are exact in a latin1 column, and refused where it has no such character", async () => {
    const table = (await create("varchar(255)", "varchar(40) character set latin1")).clone({ cursorType: "string" });
    await table.setCursor(pool, "a", "ä");
    await table.setCursor(pool, "a", "é");
    expect(await table.getCursor(pool, "a")).toBe("é");
    await expect(table.setCursor(pool, "a", "😀")).rejects.toMatchObject({
      code: "wrong_schema",
      message: expect.stringContaining("its character set is latin1, make it utf8mb4"),
    });
  });

  test("a time column of type timestamp tells when the cursor moved, whatever the zone of the session", async () => {
    const table = await create("varchar(255)");
    await raw.query(`alter table ${table.name} modify updated_at timestamp(6) not null default current_timestamp(6)`);
    const elsewhere = await engine.createRawPool({ connectionLimit: 2 });
    const zone = "set time_zone = '+05:00'";
    elsewhere.pool.on("connection", (connection) => void connection.query(zone));
    await table.setCursor(elsewhere, "a", "1");
    await table.setCursor(elsewhere, "a", "2");
    const session = await elsewhere.getConnection();
    const [found] = await session.query(
      `select abs(timestampdiff(second, updated_at, now(6))) < 60 as recent from ${table.name}`,
    );
    expect(found).toEqual([{ recent: 1 }]);
    session.release();
  });
});
