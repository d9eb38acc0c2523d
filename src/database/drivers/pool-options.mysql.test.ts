import type { Pool as MariadbPool } from "mariadb";
import type { Pool as Mysql2Pool, RowDataPacket } from "mysql2/promise";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { describeEachEngine, type EnginePool, type EnginePoolOptions } from "../../../test/support/servers/engines.ts";
import { toDatabase, toInsertTarget } from "../handles/recognise.ts";
import { transaction } from "../handles/transaction.ts";

const mysql2Options: readonly EnginePoolOptions[] = [
  { rowsAsArray: true },
  { nestTables: true },
  { nestTables: "_" },
  { typeCast: false },
  { typeCast: () => "mine" },
  { dateStrings: true },
  { dateStrings: ["DATETIME"] },
  { decimalNumbers: true },
  { supportBigNumbers: true },
  { supportBigNumbers: true, bigNumberStrings: true },
  { supportBigNumbers: false, bigNumberStrings: false },
  { namedPlaceholders: true },
  { jsonStrings: true },
  { timezone: "+09:00" },
  { disableEval: true },
  { stringifyObjects: true },
  { multipleStatements: true },
  { rowsAsArray: true, nestTables: true, typeCast: false, namedPlaceholders: true, dateStrings: true },
];

const mariadbOptions: readonly EnginePoolOptions[] = [
  { rowsAsArray: true },
  { nestTables: true },
  { nestTables: "_" },
  { metaAsArray: true },
  { metaEnumerable: true },
  { insertIdAsNumber: true },
  { bigIntAsNumber: true },
  { bigIntAsNumber: true, checkNumberRange: true },
  { supportBigNumbers: true, bigNumberStrings: true },
  { decimalAsNumber: true },
  { dateStrings: true },
  { typeCast: () => "mine" },
  { namedPlaceholders: true },
  { autoJsonMap: false },
  { jsonStrings: true },
  { timezone: "+09:00" },
  { prepareCacheLength: 0 },
  { multipleStatements: true },
  { rowsAsArray: true, metaAsArray: true, insertIdAsNumber: true, bigIntAsNumber: true, namedPlaceholders: true },
];

/** As tables are read: integers and times cast to text. */
const asRead =
  "select cast(id as char) as id_text, name, bytes, cast(written as char) as written_text from optioned where id = ?";
/** As a driver would convert it by the pool's options. JSON is cast: mysql2 takes no option on it for a single call. */
const asStored = "select id, amount, written, cast(doc as char) as doc_text, small, name from optioned where id = ?";
const id = 9007199254740995n;

describeEachEngine((engine) => {
  beforeAll(async () => {
    const raw = await engine.createRawPool();
    await raw.query(
      "create table optioned (id bigint primary key auto_increment, name varchar(80), bytes varbinary(20), amount decimal(30, 10), written datetime(6), doc json, small int)",
    );
    await raw.query(
      `insert into optioned values (${id}, 'ü€😀 :name ?', x'00ff275c', 12345678901234567890.5, '2026-03-08 02:30:00.123456', '{"a": [1]}', 7)`,
    );
  });

  const pools: EnginePool[] = [];

  async function createPoolOfOne(options: EnginePoolOptions): Promise<EnginePool> {
    const pool = await engine.createPool({ ...options, connectionLimit: 1 });
    pools.push(pool);
    return pool;
  }

  // All of them together would be more connections than the server takes.
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((pool) => pool.end()));
  });

  async function results(pool: EnginePool): Promise<unknown> {
    const database = toDatabase(pool);
    const { affectedRows, insertId } = await database.run(
      "insert into optioned (name, bytes) values (?, ?), ('b', null)",
      [":name ?", new Uint8Array([0, 255])],
    );
    const inserted = await database.rows("select name, bytes from optioned where id = ?", [BigInt(insertId)]);
    const updated = await database.run("update optioned set small = small + 1 where id = ?", [BigInt(insertId)]);
    const deleted = await database.run("delete from optioned where id > ?", [id]);
    return {
      affectedRows,
      isBeyondSafe: BigInt(insertId) > id,
      insertIdType: typeof insertId,
      inserted,
      updated,
      deleted: deleted.affectedRows,
      read: await database.rows(asRead, [id]),
      none: await database.rows(asRead, [1]),
      stored: await database.rows(asStored, [id]),
      joined: await database.rows(
        "select a.name as first, b.name as second from optioned a join optioned b on b.id = a.id",
        [],
      ),
    };
  }

  describe("what a pool's options change for its user", () => {
    const options = engine.driver === "mysql2" ? mysql2Options : mariadbOptions;

    test.each(options.map((chosen) => ({ chosen, name: describeOptions(chosen) })))(
      "leaves our results as they are: $name",
      async ({ chosen }) => {
        const plain = await results(await createPoolOfOne({}));
        expect(plain).toMatchObject({
          affectedRows: 2,
          isBeyondSafe: true,
          insertIdType: "string",
          inserted: [{ name: ":name ?", bytes: Buffer.from([0, 255]) }],
          deleted: 2,
          read: [
            {
              id_text: String(id),
              name: "ü€😀 :name ?",
              bytes: Buffer.from([0, 255, 0x27, 0x5c]),
              written_text: "2026-03-08 02:30:00.123456",
            },
          ],
          none: [],
          joined: [{ first: "ü€😀 :name ?", second: "ü€😀 :name ?" }],
        });
        expect(await results(await createPoolOfOne(chosen))).toEqual(plain);
      },
    );

    test.each(options.map((chosen) => ({ chosen, name: describeOptions(chosen) })))(
      "leaves the results of an insert in a transaction as they are: $name",
      async ({ chosen }) => {
        const pool = await createPoolOfOne(chosen);
        const rolledBack = new Error("roll back");
        const inserting = transaction(pool, async (tx) => {
          const target = toInsertTarget(tx);
          if (target.kind !== "transaction") throw new Error("a connection is not recognised");
          const { insertId } = await target.executor.run("insert into optioned (name) values (?)", ["a"]);
          expect(BigInt(insertId)).toBeGreaterThan(id);
          expect(
            await target.executor.rows(
              "select cast(id as char) as id_text from optioned where id = cast(? as signed)",
              [insertId],
            ),
          ).toEqual([{ id_text: insertId }]);
          throw rolledBack;
        });
        await expect(inserting).rejects.toBe(rolledBack);
      },
    );
  });

  describe("a pool whose connections are in autocommit=0 from their start", () => {
    async function createPoolWithoutAutocommit(): Promise<EnginePool> {
      if (engine.driver === "mariadb") {
        return engine.createPool({ connectionLimit: 1, initSql: "set autocommit = 0" });
      }
      const pool = (await engine.createPool({ connectionLimit: 1 })) as Mysql2Pool;
      pool.pool.on("connection", (connection) => connection.query("set autocommit = 0"));
      return pool;
    }

    test("still commits what we write, and reads what others committed since", async () => {
      const raw = await engine.createRawPool();
      await raw.query("create table fresh (name varchar(20) primary key)");
      const pool = await createPoolWithoutAutocommit();
      const database = toDatabase(pool);
      const seenByOthers = async (): Promise<unknown[]> => {
        const [rows] = await raw.query<RowDataPacket[]>("select name from fresh order by name");
        return rows.map((row) => row["name"]);
      };
      expect(await database.rows("select @@autocommit + 0 as value, name from fresh", [])).toEqual([]);
      await database.run("insert into fresh values (?)", ["a"]);
      expect(await seenByOthers()).toEqual(["a"]);
      await transaction(pool as MariadbPool, (tx) => tx.query("insert into fresh values ('b')"));
      expect(await seenByOthers()).toEqual(["a", "b"]);
      await raw.query("insert into fresh values ('c')");
      expect(await database.rows("select name from fresh where name = 'c'", [])).toEqual([{ name: "c" }]);
      await database.session(async (session) => {
        await session.run("insert into fresh values (?)", ["d"]);
        expect(await session.rows("select @@autocommit + 0 as value", [])).toEqual([
          { value: expect.toSatisfy((value) => Number(value) === 1) },
        ]);
      });
      expect(await seenByOthers()).toEqual(["a", "b", "c", "d"]);
    });
  });
});

function describeOptions(options: EnginePoolOptions): string {
  return JSON.stringify(options, (_key, value: unknown) => (typeof value === "function" ? "a function" : value));
}
