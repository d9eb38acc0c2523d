import { createPool as createCallbackPool } from "mysql2";
import type { RowDataPacket } from "mysql2/promise";
import { beforeAll, describe, expect, test } from "vitest";
import { describeEachEngine, type EnginePool } from "../../../test/support/servers/engines.ts";
import type { DatabaseHandle } from "./handles.ts";
import { transaction } from "./transaction.ts";

interface Lent {
  query(sql: string): Promise<unknown>;
  execute(sql: string, values: unknown[]): Promise<unknown>;
  release(): unknown;
}

/** Statements of a user who then gives the connection back. One that begins with "!" fails. */
type Statements = readonly string[];

const THEIRS = "insert into shared values ('theirs')";
const MANY_BYTES = "select repeat('x', 300000) as x";
const FAILS = "!select no_such_column from shared";

// Run as stored procedures. The tests' MariaDB has none, and runs the same text as a compound statement.
const PROGRAMS: Readonly<Record<string, string>> = {
  leave_open: `start transaction; ${THEIRS};`,
  leave_open_with_rows: `start transaction; ${THEIRS}; select 1;`,
  leave_open_and_fail: `start transaction; ${THEIRS}; signal sqlstate '45000';`,
};

// What is left open by each is an insert that its user never commits.
const LEAKS: Readonly<Record<string, Statements>> = {
  "START TRANSACTION": ["start transaction", THEIRS],
  "a snapshot": ["start transaction with consistent snapshot", THEIRS],
  "a transaction that has read last": ["start transaction", THEIRS, "select * from shared"],
  "a transaction that has read a lot last": ["start transaction", THEIRS, MANY_BYTES],
  "a transaction after a long answer": [MANY_BYTES, "start transaction", THEIRS],
  "a transaction whose last statement failed": ["start transaction", THEIRS, FAILS],
  "a transaction whose last statements failed": [
    "start transaction",
    FAILS,
    THEIRS,
    FAILS,
    "!insert into shared values ('theirs')",
  ],
  "autocommit = 0": ["set autocommit = 0", THEIRS],
  "autocommit = 0 that has only read": ["set autocommit = 0", "select * from shared", THEIRS],
  "autocommit = 0 whose first statement failed": ["set autocommit = 0", "!insert into shared values ('warm')", THEIRS],
  "autocommit = 0 whose last statement failed": ["set autocommit = 0", THEIRS, FAILS],
  "LOCK TABLES": ["set autocommit = 0", "lock tables shared write", THEIRS],
  "a chained transaction": ["set session completion_type = 'CHAIN'", "start transaction", "commit", THEIRS],
  "ROLLBACK AND CHAIN": ["start transaction", "rollback and chain", THEIRS],
  "a savepoint that was gone back to": ["start transaction", THEIRS, "savepoint a", "rollback to savepoint a"],
  "a program that leaves one open": ["leave_open"],
  "a program that leaves one open and has rows": ["leave_open_with_rows"],
  "a program that leaves one open and fails": ["!leave_open_and_fail"],
  "a statement that was prepared as text": ["start transaction", `prepare theirs from "${THEIRS}"`, "execute theirs"],
  "PREPARE within one": ["start transaction", THEIRS, "prepare nothing from 'do 1'", "deallocate prepare nothing"],
  "XA START": ["xa start 'started'", THEIRS],
  "XA END": ["xa start 'ended'", THEIRS, "xa end 'ended'"],
  "XA PREPARE": ["xa start 'prepared'", THEIRS, "xa end 'prepared'", "xa prepare 'prepared'"],
};

// What leaves none open, so that a look before our transaction would be for nothing.
const QUIET: Readonly<Record<string, Statements>> = {
  "a SELECT": ["select 1 as one"],
  "a SELECT without rows": ["select * from shared where name = 'nobody'"],
  "an INSERT": ["insert into shared values ('quiet')"],
  "an UPDATE with words": ["update shared set name = name"],
  "a SET": ["set @mine = 1"],
  "a COMMIT": ["start transaction", "insert into shared values ('quiet')", "commit"],
  "a ROLLBACK": ["start transaction", THEIRS, "rollback"],
  "autocommit = 0": ["set autocommit = 0", "commit"],
};

describeEachEngine((engine) => {
  let raw: Awaited<ReturnType<typeof engine.createRawPool>>;

  beforeAll(async () => {
    raw = await engine.createRawPool({ multipleStatements: true });
    await raw.query("create table shared (name varchar(20) primary key)");
    for (const [name, body] of Object.entries(PROGRAMS)) {
      if (engine.vendor === "mysql") await raw.query(`create procedure ${name}() begin ${body} end`);
    }
  });

  async function names(): Promise<unknown[]> {
    const [rows] = await raw.query<RowDataPacket[]>("select name from shared order by name");
    return rows.map((row) => row["name"]);
  }

  /** A pool of one connection, which `transaction()` has used twice. It undoes nothing by itself. */
  async function preparePool(): Promise<EnginePool> {
    await raw.query("delete from shared");
    const pool = await engine.createPool(
      engine.driver === "mysql2" ? { connectionLimit: 1 } : { connectionLimit: 1, noControlAfterUse: true },
    );
    await transaction(pool, (tx) => insert(tx, "warm"));
    await transaction(pool, () => Promise.resolve());
    return pool;
  }

  async function use(pool: EnginePool, statements: Statements): Promise<void> {
    const lent = (await pool.getConnection()) as unknown as Lent;
    for (const statement of statements) {
      const sql = textOf(statement.replace(/^!/, ""));
      if (statement.startsWith("!"))
        await expect(lent.query(sql)).rejects.toMatchObject({ sqlState: expect.any(String) as string });
      else await lent.query(sql);
    }
    await lent.release();
  }

  describe("a transaction neither commits nor joins what another user of its connection has left open by", () => {
    // Catches a START TRANSACTION on a connection that is wrongly taken for idle: it commits what is open there.
    test.each(Object.entries(LEAKS))("%s", async (_way, statements) => {
      const pool = await preparePool();
      await use(pool, statements);
      const mine = new Error("mine");
      await transaction(pool, (tx) => insert(tx, "ours"));
      await expect(
        transaction(pool, async (tx) => {
          await insert(tx, "lost");
          throw mine;
        }),
      ).rejects.toBe(mine);
      expect(await names()).toEqual(["ours", "warm"]);
      await pool.end();
      await raw.query("xa rollback 'prepared'").catch(() => undefined);
      expect(await names()).toEqual(["ours", "warm"]);
    });

    test("statements that the driver has prepared", async () => {
      const pool = await preparePool();
      const lent = (await pool.getConnection()) as unknown as Lent;
      await lent.query("start transaction");
      await lent.execute("insert into shared values (?)", ["theirs"]);
      await lent.execute("select name from shared where name = ?", ["nobody"]);
      await lent.release();
      await transaction(pool, (tx) => insert(tx, "ours"));
      expect(await names()).toEqual(["ours", "warm"]);
    });

    test("statements that nobody awaited", async () => {
      const pool = await preparePool();
      const lent = (await pool.getConnection()) as unknown as Lent;
      const theirs = [lent.query("select 1"), lent.query("start transaction"), lent.query(THEIRS)];
      void lent.release();
      await transaction(pool, (tx) => insert(tx, "ours"));
      await Promise.allSettled(theirs);
      expect(await names()).toEqual(["ours", "warm"]);
    });

    test.each(["before", "after"])("a handle that was kept, used just %s our call", async (when) => {
      const pool = await preparePool();
      const kept = (await pool.getConnection()) as unknown as Lent;
      await kept.release();
      await kept.query("select 1");
      const begin = (): Promise<unknown>[] => [kept.query("start transaction"), kept.query(THEIRS)];
      const before = when === "before" ? begin() : [];
      const ours = transaction(pool, (tx) => insert(tx, "ours"));
      const theirs = when === "after" ? begin() : before;
      await ours;
      await Promise.allSettled(theirs);
      expect(await names()).toEqual(["ours", "warm"]);
    });
  });

  describe("a transaction costs no look at its connection after another user's", () => {
    test.each(Object.entries(QUIET))("%s", async (_what, statements) => {
      const pool = await preparePool();
      await use(pool, statements);
      const before = await looks(pool);
      await use(
        pool,
        statements.filter((sql) => !sql.startsWith("insert into shared values ('quiet')")),
      );
      await transaction(pool, (tx) => insert(tx, "ours"));
      const own = statements.filter((sql) => sql.startsWith("set ")).length;
      expect((await looks(pool)) - before).toBe(own);
      expect(await names()).toContain("ours");
    });
  });

  function textOf(statement: string): string {
    const body = PROGRAMS[statement];
    if (body === undefined) return statement;
    return engine.vendor === "mysql" ? `call ${statement}()` : `begin not atomic ${body} end`;
  }

  /** How many SETs its one connection has seen, SET TRANSACTION among them. */
  async function looks(pool: EnginePool): Promise<number> {
    const lent = (await pool.getConnection()) as unknown as Lent;
    const found = (await lent.query("show session status like 'Com_set_option'")) as
      | [RowDataPacket[]]
      | RowDataPacket[];
    await lent.release();
    const [row] = (Array.isArray(found[0]) ? found[0] : found) as RowDataPacket[];
    return Number(row?.["Value"]);
  }

  test.runIf(engine.driver === "mysql2")(
    "the same holds for a callback pool, and for its users' callbacks",
    async () => {
      await preparePool();
      const pool = createCallbackPool(`${engine.url()}&connectionLimit=1`);
      const db: DatabaseHandle = pool;
      for (let round = 0; round < 2; round++) await transaction(db, () => Promise.resolve());
      await new Promise<void>((resolve, reject) => {
        pool.getConnection((failure, lent) => {
          if (failure) return reject(failure);
          lent.query("start transaction", () => {
            lent.query(THEIRS, () => {
              lent.release();
              resolve();
            });
          });
        });
      });
      await transaction(db, (tx) => insert(tx, "ours"));
      expect(await names()).toEqual(["ours", "warm"]);
      await pool.promise().end();
    },
  );
});

function insert(tx: unknown, name: string): Promise<unknown> {
  return (tx as Lent).query(`insert into shared values ('${name}')`);
}
