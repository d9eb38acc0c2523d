import type { Pool, PoolConnection, PoolOptions, ResultSetHeader, RowDataPacket } from "mysql2/promise";
import { beforeAll, describe, expect, test } from "vitest";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { newTableName } from "../../../test/support/tables/new-tables.ts";
import type { Executor, SqlParam } from "../../database/database.ts";
import { EventsTable } from "../events-table.ts";

interface Case {
  readonly what: string;
  readonly event: { foreignId: string; type: number; metadata?: string };
}

// A type of 0 with the foreign id "0" is a noop: so would a server outside of strict mode store the first.
const CASES: readonly Case[] = [
  { what: "type", event: { foreignId: "0", type: -1 } },
  { what: "foreign id", event: { foreignId: "beyond ten characters", type: 1 } },
  { what: "metadata", event: { foreignId: "a", type: 1, metadata: "x".repeat(300) } },
];

const GOOD = { foreignId: "7", type: 1 };

describeEachServer((engine) => {
  let raw: Pool;

  beforeAll(async () => {
    raw = await engine.createRawPool();
  });

  async function makeTable(foreignId = "varchar(10)"): Promise<string> {
    const name = newTableName("own");
    await raw.query(
      `create table ${name} (id bigint not null auto_increment primary key, foreign_id ${foreignId} not null, type int unsigned not null, timestamp datetime(6) not null, metadata tinyblob)`,
    );
    return name;
  }

  async function newExecutor(options: PoolOptions = {}): Promise<OwnExecutor> {
    return new OwnExecutor(await (await engine.createRawPool(options)).getConnection());
  }

  async function lenientExecutor(): Promise<OwnExecutor> {
    const own = await newExecutor();
    await own.run("set session sql_mode = ''", []);
    return own;
  }

  async function foreignIds(table: string): Promise<unknown[]> {
    const [rows] = await raw.query<RowDataPacket[]>(`select foreign_id from ${table} order by id`);
    return rows.map((row) => row["foreign_id"] as unknown);
  }

  describe("outside of strict mode, before an inserter of the user's own is called, an insert refuses", () => {
    test.each(CASES)("a $what that does not fit, among others", async ({ event }) => {
      const table = withInserter(await makeTable());
      const own = await lenientExecutor();
      await expect(table.insertMany(own, [GOOD, event])).rejects.toMatchObject({
        code: "value_changed",
        details: { table: table.name },
      });
      expect(await foreignIds(table.name)).toEqual([]);
      await table.insertMany(own, [GOOD, GOOD]);
      expect(await foreignIds(table.name)).toEqual(["7", "7"]);
    });

    test("no foreign id that a loader of the user's own reads from another form, but a type", async () => {
      const table = withInserter(await makeTable(), "left(?, 2)").clone({ loader: async () => [] });
      const own = await lenientExecutor();
      await table.insert(own, "beyond ten characters", 1);
      await expect(table.insert(own, "0", -1)).rejects.toMatchObject({ code: "value_changed" });
      expect(await foreignIds(table.name)).toEqual(["be"]);
    });

    test("no foreign id in hex whose bytes fit", async () => {
      const table = withInserter(await makeTable("varbinary(10)"), "unhex(?)").clone({ foreignIdColumn: "binary" });
      const own = await lenientExecutor();
      await table.insert(own, "ab".repeat(10), 1);
      await expect(table.insert(own, "ab".repeat(11), 1)).rejects.toMatchObject({ code: "value_changed" });
      expect(await foreignIds(table.name)).toHaveLength(1);
    });
  });

  test.each(["library", "user"])(
    "with the inserter of the %s, on a connection of latin1 what that lacks is refused, and no more",
    async (whose) => {
      const name = await makeTable();
      const table = whose === "user" ? withInserter(name) : new EventsTable(name);
      const own = await newExecutor();
      await table.insert(own, "日本", 1);
      const latin = await newExecutor({ charset: "latin1" });
      await table.insert(latin, "e", 1);
      expect(latin.questions).toBe(0);
      // The driver would send "€" as the byte of "¬".
      for (const foreignId of ["日本", "5€"]) {
        await expect(table.insert(latin, foreignId, 1)).rejects.toMatchObject({
          code: "value_changed",
          details: { table: name },
        });
      }
      await table.insert(latin, "é", 1);
      expect(latin.questions).toBe(1);
      await table.insert(own, "5€", 1);
      expect(await foreignIds(name)).toEqual(["日本", "e", "é", "5€"]);
    },
  );

  test("a column of latin1 takes the characters of Windows-1252, which is what servers mean by it", async () => {
    const table = new EventsTable(await makeTable("varchar(40) character set latin1"));
    const own = await newExecutor();
    const all = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸé\u0081\u008d\u008f\u0090\u009d";
    await table.insert(own, all, 1);
    for (const beyond of ["日", "\u0080", "😀"]) {
      await expect(table.insert(own, beyond, 1)).rejects.toMatchObject({ code: "value_changed" });
    }
    expect(await foreignIds(table.name)).toEqual([all]);
  });
});

/** A table whose inserter writes each foreign id through this expression. */
function withInserter(name: string, expression = "?"): EventsTable {
  const sql = `insert into ${name} (foreign_id, type, timestamp, metadata) values (${expression}, ?, utc_timestamp(6), ?)`;
  return new EventsTable(name, {
    metadataField: "metadata",
    inserter: async (tx, { foreignId, type, metadata }) =>
      (await tx.run(sql, [foreignId, type, metadata ?? null])).insertId,
  });
}

/** An executor on one connection that tells no count of warnings, as one over an ORM. */
class OwnExecutor implements Executor {
  /** How often it was asked for the character set. */
  questions = 0;
  readonly #connection: PoolConnection;

  constructor(connection: PoolConnection) {
    this.#connection = connection;
  }

  async run(sql: string, params: readonly SqlParam[]): Promise<{ affectedRows: number; insertId: string }> {
    const [{ affectedRows, insertId }] = await this.#connection.execute<ResultSetHeader>(sql, [...params]);
    return { affectedRows, insertId: String(insertId) };
  }

  async rows<R extends object>(sql: string, params: readonly SqlParam[]): Promise<R[]> {
    if (sql.includes("@@character_set_client")) this.questions++;
    const [rows] = await this.#connection.execute<RowDataPacket[]>(sql, [...params]);
    return rows as unknown as R[];
  }
}
