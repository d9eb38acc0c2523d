import { beforeAll, describe, expect, test } from "vitest";
import { describeEachEngine, type EnginePool } from "../../../test/support/servers/engines.ts";
import { newTableName } from "../../../test/support/tables/new-tables.ts";
import type { Executor } from "../../database/database.ts";
import { toDatabase } from "../../database/handles/recognise.ts";
import { transaction } from "../../database/handles/transaction.ts";
import { EventsTable } from "../events-table.ts";
import { EventsTableInt } from "../events-table-int.ts";
import type { EventsTableOptions } from "./events-table-options.ts";

interface Lent {
  query(sql: string): Promise<unknown>;
  execute(sql: string, values: unknown[]): Promise<unknown>;
  beginTransaction(): Promise<void>;
  rollback(): Promise<void>;
  release(): unknown;
}

interface PoolCore {
  on(event: "connection", listener: (connection: Lent) => void): void;
}

interface Case {
  readonly what: string;
  /** Whether MySQL refuses it by an error in every mode. */
  readonly mysqlRefuses?: boolean;
  readonly foreignId?: string;
  readonly type?: string;
  readonly metadata?: string;
  readonly trace?: string;
  readonly event: { foreignId: string; type: number; metadata?: string };
}

const SECRET = "5ecret";

// What a server outside of strict mode stores changed, each with a warning.
const CASES: readonly Case[] = [
  { what: "a foreign id that is too long", event: { foreignId: `${SECRET}-beyond`, type: 1 } },
  { what: "metadata that is too long", event: { foreignId: "a", type: 1, metadata: SECRET.repeat(50) } },
  { what: "a type below its column, which would be a noop", event: { foreignId: "0", type: -1 } },
  { what: "a type above its column", type: "tinyint", event: { foreignId: "a", type: 300 } },
  {
    what: "a character that the foreign id's column lacks",
    mysqlRefuses: true,
    foreignId: "varchar(20) character set utf8mb3",
    event: { foreignId: "😀", type: 1 },
  },
  { what: "text in a column of numbers", foreignId: "int", event: { foreignId: SECRET, type: 1 } },
  {
    what: "bytes that are no text of the metadata's column",
    metadata: "varchar(5) character set utf8mb4",
    event: { foreignId: "a", type: 1, metadata: SECRET.repeat(9) },
  },
  { what: "a trace that is too long", trace: "varbinary(3)", event: { foreignId: "a", type: 1 } },
];

const GOOD = { foreignId: "7", type: 1 };

describeEachEngine((engine) => {
  let pool: EnginePool;
  let lenient: EnginePool;

  beforeAll(async () => {
    pool = await engine.createPool();
    lenient = await engine.createPool(
      engine.driver === "mariadb" ? { initSql: "set session sql_mode = ''" } : { connectionLimit: 10 },
    );
    if (engine.driver === "mariadb") return;
    const { pool: core } = lenient as unknown as { pool: PoolCore };
    core.on("connection", (connection) => void connection.query("set session sql_mode = ''"));
  });

  async function makeColumns(db: EnginePool, columns: Omit<Case, "what" | "mysqlRefuses" | "event">): Promise<string> {
    const name = newTableName("changed");
    const {
      foreignId = "varchar(10)",
      type = "int unsigned",
      metadata = "tinyblob",
      trace = "varbinary(20)",
    } = columns;
    await toDatabase(db).run(
      `create table ${name} (id bigint not null auto_increment primary key, foreign_id ${foreignId} not null, type ${type} not null, timestamp datetime(6) not null, metadata ${metadata}, trace ${trace})`,
      [],
    );
    return name;
  }

  const options: EventsTableOptions = {
    metadataField: "metadata",
    traceField: "trace",
    trace: () => Buffer.from("trace"),
  };

  async function stored(from: EnginePool, table: string): Promise<unknown[]> {
    return toDatabase(from).rows(`select foreign_id, type from ${table} order by id`, []);
  }

  async function failure(work: Promise<unknown>): Promise<unknown> {
    const error = await work.then(
      () => "nothing was thrown",
      (thrown: unknown) => thrown,
    );
    expect(JSON.stringify([String(error), Object(error).details])).not.toContain(SECRET);
    return error;
  }

  describe("on a server outside of strict mode, an insert refuses", () => {
    const changed = CASES.filter(({ mysqlRefuses }) => engine.vendor === "mariadb" || mysqlRefuses !== true);

    describe.each(changed)("$what", (columns) => {
      const { event } = columns;

      test("on a pool, and stores nothing", async () => {
        const table = new EventsTable(await makeColumns(lenient, columns), options);
        expect(await failure(table.insertMany(lenient, [event]))).toMatchObject({
          code: "value_changed",
        });
        expect(await stored(lenient, table.name)).toEqual([]);
      });

      test("among others, in transaction(), which does not commit though its user goes on", async () => {
        const table = new EventsTable(await makeColumns(lenient, columns), { ...options, trace: undefined });
        const traced = columns.trace === undefined ? table : table.clone(options);
        let swallowed: unknown;
        const committing = transaction(lenient, async (tx) => {
          await table.insert(tx, "1", 1);
          const events = Array.from({ length: 12 }, () => GOOD).with(10, event);
          swallowed = await failure(traced.insertMany(tx, events));
          await failure(table.insert(tx, "2", 1));
        });
        expect(await failure(committing)).toMatchObject({ code: "value_changed" });
        expect(swallowed).toMatchObject({ code: "value_changed" });
        expect(await stored(lenient, table.name)).toEqual([]);
      });

      test("in a transaction of the caller's own, which rolls it back", async () => {
        const table = new EventsTable(await makeColumns(lenient, columns), options);
        const connection = (await lenient.getConnection()) as unknown as Lent;
        await connection.beginTransaction();
        expect(await failure(table.insertMany(connection as never, [event]))).toMatchObject({
          code: "value_changed",
          message: expect.stringMatching(/roll a transaction of your own back|as it is/),
        });
        await connection.rollback();
        connection.release();
        expect(await stored(lenient, table.name)).toEqual([]);
      });

      test("through an executor of the caller's own, before it is sent", async () => {
        const table = new EventsTable(await makeColumns(lenient, columns), options);
        expect(await failure(table.insertMany(ownExecutor(lenient), [event]))).toMatchObject({ code: "value_changed" });
        expect(await stored(lenient, table.name)).toEqual([]);
      });
    });

    test.each(CASES.filter(({ mysqlRefuses }) => mysqlRefuses === true))("$what, by an error", async (columns) => {
      const table = new EventsTable(await makeColumns(lenient, columns), options);
      const code = engine.vendor === "mysql" ? "database_error" : "value_changed";
      const error = await failure(table.insertMany(lenient, [columns.event]));
      expect(error).toMatchObject({ code });
      expect(await failure(table.insertMany(ownExecutor(lenient), [columns.event]))).toMatchObject({
        code: "value_changed",
      });
      expect(await stored(lenient, table.name)).toEqual([]);
    });

    test("what an inserter of the user's own stores changed", async () => {
      const name = await makeColumns(lenient, {});
      const table = new EventsTable(name, {
        inserter: async (tx, { foreignId, type }) =>
          (
            await tx.run(`insert into ${name} (foreign_id, type, timestamp) values (?, ?, utc_timestamp(6))`, [
              foreignId,
              type,
            ])
          ).insertId,
      });
      expect(await failure(table.insert(lenient, `${SECRET}-beyond`, 1))).toMatchObject({
        code: "value_changed",
      });
      expect(await stored(lenient, name)).toEqual([]);
    });

    test("a number of EventsTableInt that its column can't hold", async () => {
      const table = new EventsTableInt(await makeColumns(lenient, { foreignId: "int" }));
      expect(await failure(table.insert(lenient, 2 ** 40, 1))).toMatchObject({ code: "value_changed" });
      expect(await stored(lenient, table.name)).toEqual([]);
    });

    // The server keeps 64 warnings of 1000.
    test("a value whose warning comes after more harmless ones than the server keeps", async () => {
      const table = new EventsTable(await makeColumns(lenient, {}));
      await toDatabase(lenient).run(`alter table ${table.name} add needed int not null`, []);
      const events = Array.from({ length: 2000 }, () => GOOD);
      await table.insertMany(lenient, events);
      const bad = events.with(1990, { foreignId: `${SECRET}-beyond`, type: 1 });
      expect(await failure(table.insertMany(lenient, bad))).toMatchObject({ code: "value_changed" });
      expect(await stored(lenient, table.name)).toHaveLength(2000);
    });
  });

  // No warning tells of these, in any mode.
  describe("in strict mode too, an insert refuses, before it is sent,", () => {
    test.each([
      { what: "half of a surrogate pair", column: "varchar(20)", id: "a\ud83d", code: "invalid_argument" },
      { what: "spaces that CHAR would drop", column: "char(10)", id: "a ", code: "value_changed" },
      { what: "text of which a number is made", column: "int", id: "007", code: "value_changed" },
      { what: "text of which a number is made by rounding", column: "int", id: "1e2", code: "value_changed" },
    ])("$what", async ({ column, id, code }) => {
      const table = new EventsTable(await makeColumns(pool, { foreignId: column }));
      expect(await failure(table.insert(pool, id, 1))).toMatchObject({ code });
      expect(await stored(pool, table.name)).toEqual([]);
    });

    test("bytes that BINARY would fill up with zeros", async () => {
      const table = new EventsTable(await makeColumns(pool, { foreignId: "binary(16)" }), {
        foreignIdColumn: "binary",
      });
      expect(await failure(table.insert(pool, "aabb", 1))).toMatchObject({ code: "value_changed" });
      await table.insert(pool, "ab".repeat(16), 1);
      expect(await stored(pool, table.name)).toHaveLength(1);
    });

    test("half of a surrogate pair in metadata", async () => {
      const table = new EventsTable(await makeColumns(pool, {}), options);
      const inserting = table.insertWithMetadata(pool, "a", 1, "\udc00");
      expect(await failure(inserting)).toMatchObject({ code: "invalid_argument" });
    });

    test("characters that the connection's character set lacks, and no others", async () => {
      const latin = await engine.createPool(
        engine.driver === "mysql2" ? { charset: "latin1" } : { collation: "LATIN1_SWEDISH_CI" },
      );
      const table = new EventsTable(await makeColumns(pool, {}), options);
      const details = { table: table.name };
      expect(await failure(table.insert(latin, "☃", 1))).toMatchObject({ code: "value_changed", details });
      expect(await failure(table.insert(latin, "5€", 1))).toMatchObject({ code: "value_changed", details });
      await table.insertWithMetadata(latin, "é", 1, "☃");
      const raw = await engine.createRawPool();
      const [rows] = await raw.query(`select foreign_id, hex(metadata) as metadata from ${table.name}`);
      expect(rows).toEqual([{ foreign_id: "é", metadata: "E29883" }]);
    });
  });

  test("a column that was changed since the first insert is looked at again before anything is refused", async () => {
    const table = new EventsTable(await makeColumns(pool, { foreignId: "char(10)" }));
    await table.insert(pool, "a", 1);
    await toDatabase(pool).run(`alter table ${table.name} modify foreign_id varchar(10)`, []);
    await table.insert(pool, "b ", 1);
    expect(await stored(pool, table.name)).toHaveLength(2);
  });

  test("in strict mode the server's own refusal comes through", async () => {
    const table = new EventsTable(await makeColumns(pool, {}));
    await expect(table.insert(pool, "beyond ten characters", 1)).rejects.toMatchObject({
      code: "database_error",
      cause: { errno: 1406 },
    });
  });
});

/** An executor that tells no count of warnings, as one over an ORM. */
function ownExecutor(pool: EnginePool): Executor {
  const database = toDatabase(pool);
  return {
    run: async (sql, params) => {
      const { affectedRows, insertId } = await database.run(sql, params);
      return { affectedRows, insertId };
    },
    rows: (sql, params) => database.rows(sql, params),
  };
}
