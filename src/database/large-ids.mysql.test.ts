import { beforeAll, describe, expect, test } from "vitest";
import { describeEachEngine, type EnginePool } from "../../test/support/servers/engines.ts";
import { toDatabase } from "./handles/recognise.ts";
import { mysqlDialect } from "./mysql-dialect.ts";

const first = 9007199254740993n;
const largest = 2n ** 63n - 1n;

describeEachEngine((engine) => {
  let pool: EnginePool;

  beforeAll(async () => {
    pool = await engine.createPool();
    const raw = await engine.createRawPool();
    await raw.query("create table numbered (id bigint primary key auto_increment, name varchar(40), number bigint)");
    await raw.query(`alter table numbered auto_increment = ${first}`);
    await raw.query(
      "create table bytes_kept (id int primary key auto_increment, bytes varbinary(20), text varchar(80))",
    );
  });

  describe("ids beyond 2^53", () => {
    test("come back exactly from inserts, of one row and of many", async () => {
      const database = toDatabase(pool);
      const one = await database.run("insert into numbered (name) values (?)", ["a"]);
      const many = await database.run("insert into numbered (name) values (?), (?), (?)", ["b", "c", "d"]);
      expect([one.insertId, many.insertId]).toEqual([String(first), String(first + 1n)]);
      expect([one.affectedRows, many.affectedRows]).toEqual([1, 3]);
      const rows = await database.rows(
        `select ${mysqlDialect.asText("id")} as id_text, name from numbered order by id`,
        [],
      );
      expect(rows).toEqual(
        ["a", "b", "c", "d"].map((name, index) => ({ id_text: String(first + BigInt(index)), name })),
      );
    });

    test.each([first, first + 1n, largest, -largest - 1n, 0n])(
      "%s is bound, stored and compared exactly",
      async (number) => {
        const database = toDatabase(pool);
        const insert = `insert into numbered (name, number) values ('bound', ${mysqlDialect.integerParam})`;
        const find = `select ${mysqlDialect.asText("number")} as text from numbered where number = ${mysqlDialect.integerParam}`;
        await database.run(insert, [String(number)]);
        expect(await database.rows(find, [String(number)])).toEqual([{ text: String(number) }]);
        expect(await database.rows(find, [number])).toEqual([{ text: String(number) }]);
        const beside = number === largest ? number - 1n : number + 1n;
        await database.run("delete from numbered where number = cast(? as signed)", [String(beside)]);
        expect(await database.rows(find, [String(number)])).toHaveLength(1);
        await database.run("delete from numbered where number = cast(? as signed)", [String(number)]);
        expect(await database.rows(find, [String(number)])).toEqual([]);
      },
    );

    test("a statement that inserts nothing has the insert id 0", async () => {
      const { insertId, affectedRows } = await toDatabase(pool).run("delete from numbered where id = 1", []);
      expect([insertId, affectedRows]).toEqual(["0", 0]);
    });
  });

  describe("bytes", () => {
    test.each([
      {
        what: "a view with an offset",
        bytes: new Uint8Array([1, 2, 0, 255, 39, 92, 7]).subarray(2, 6),
        hex: "00FF275C",
      },
      { what: "a Buffer from the shared pool", bytes: Buffer.from("ü'\\"), hex: "C3BC275C" },
      { what: "an empty array", bytes: new Uint8Array(0), hex: "" },
      { what: "an empty view at the end", bytes: new Uint8Array([1, 2]).subarray(2), hex: "" },
    ])("of $what are stored exactly", async ({ bytes, hex }) => {
      const database = toDatabase(pool);
      const { insertId } = await database.run("insert into bytes_kept (bytes) values (?)", [bytes]);
      expect(await database.rows("select hex(bytes) as hex, bytes from bytes_kept where id = ?", [insertId])).toEqual([
        { hex, bytes: Buffer.from(bytes) },
      ]);
    });
  });

  describe.each(["", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"])("with the sql_mode '%s'", (mode) => {
    async function createPoolInMode(): Promise<EnginePool> {
      const raw = await engine.createRawPool();
      const one = await engine.createPool({ connectionLimit: 1 });
      await raw.query("create table if not exists injected (name varchar(20))");
      const connection = (await one.getConnection()) as { query(sql: string): Promise<unknown>; release(): unknown };
      await connection.query(`set session sql_mode = '${mode}'`);
      await connection.release();
      return one;
    }

    test.each([
      "a\\",
      "\\",
      "a\\' or 1=1 -- ",
      "'); insert into injected values ('x') -- ",
      '"',
      "`",
      "?",
      ":name",
      "%_",
      "\0\b\n\r\t\x1a",
      "ü€😀",
      "",
    ])("%j arrives as it is and injects nothing", async (value) => {
      const one = await createPoolInMode();
      const database = toDatabase(one);
      const [found] = await database.rows<{ mode: string }>("select @@sql_mode as mode", []);
      expect(found?.mode).toBe(mode);
      const { insertId } = await database.run("insert into bytes_kept (text) values (?)", [value]);
      expect(await database.rows("select text from bytes_kept where id = ? and text = ?", [insertId, value])).toEqual([
        { text: value },
      ]);
      expect(await database.rows("select text from bytes_kept where text = ? and id <> id", [value])).toEqual([]);
      expect(await database.rows("select name from injected", [])).toEqual([]);
      await one.end();
    });
  });
});
