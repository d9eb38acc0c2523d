import type { RowDataPacket } from "mysql2/promise";
import { describe, expect, test } from "vitest";
import { describeEachEngine } from "../../../test/support/servers/engines.ts";
import type { Executor, IsolationLevel } from "../database.ts";
import { toDatabase } from "../handles/recognise.ts";
import { transaction } from "../handles/transaction.ts";

describeEachEngine((engine) => {
  const isolationVariable = engine.vendor === "mariadb" ? "@@session.tx_isolation" : "@@session.transaction_isolation";
  const levels: readonly IsolationLevel[] = ["read uncommitted", "read committed", "repeatable read", "serializable"];

  function stateOf(session: Executor): Promise<object[]> {
    return session.rows(
      `select lower(replace(${isolationVariable}, '-', ' ')) as level, @@autocommit as autocommit`,
      [],
    );
  }

  async function isConnected(id: number): Promise<boolean> {
    const raw = await engine.createRawPool();
    const [found] = await raw.query<RowDataPacket[]>("select id from information_schema.processlist where id = ?", [
      id,
    ]);
    return found.length > 0;
  }

  describe("a session", () => {
    test.each(levels)("runs at the isolation level %s when asked to, in autocommit mode", async (isolation) => {
      const database = toDatabase(await engine.createPool());
      const [state] = await database.session(stateOf, { isolation });
      expect(state).toMatchObject({ level: isolation });
      expect(Number((state as { autocommit: unknown }).autocommit)).toBe(1);
    });

    // Catches a session that keeps what its connection's last user has set for all transactions to come.
    test("takes writes, though the connection's last user has made its transactions read-only", async () => {
      const pool = await engine.createRawPool({ connectionLimit: 1 });
      await pool.query("create table written (id int primary key)");
      await pool.query("set session transaction read only");
      await toDatabase(pool).session(async (session) => {
        await session.control("start transaction");
        await session.run("insert into written values (?)", [1]);
        await session.control("commit");
        await session.run("insert into written values (?)", [2]);
      });
      const [rows] = await pool.query("select id from written order by id");
      expect(rows).toEqual([{ id: 1 }, { id: 2 }]);
    });

    // Catches an event whose foreign id is another one, since some other user of the pool has called SET NAMES.
    test.each([
      "set names latin1",
      "set names cp1251",
      "set character_set_results = latin1",
      "set sql_select_limit = 0",
      "set max_join_size = 1; set sql_big_selects = 0",
    ])("reads all, and text as it is, though the connection's last user has left %s", async (leak) => {
      const raw = await engine.createRawPool();
      await raw.query("create table texts (id int primary key, text_value varchar(100) character set utf8mb4)");
      const text = "Müller €5 😀";
      await raw.query("insert into texts values (1, ?), (2, ?)", [text, text]);
      const pool = await engine.createPool({ connectionLimit: 1 });
      const connection: { query(sql: string): Promise<unknown>; release(): unknown } = await pool.getConnection();
      for (const statement of leak.split("; ")) await connection.query(statement);
      await connection.release();
      const found = await toDatabase(pool).session((session) => session.rows("select text_value from texts", []));
      expect(found).toEqual([{ text_value: text }, { text_value: text }]);
      await raw.query("drop table texts");
    });

    test("reads what is committed, and sees later commits, when no level is asked for", async () => {
      const database = toDatabase(await engine.createPool());
      const raw = await engine.createRawPool();
      await raw.query("create table seen (id int primary key)");
      const [state] = await database.session(async (session) => {
        expect(await session.rows("select id from seen", [])).toEqual([]);
        await raw.query("insert into seen values (1)");
        expect(await session.rows("select cast(id as char) as id_text from seen", [])).toEqual([{ id_text: "1" }]);
        return stateOf(session);
      });
      expect(state).toMatchObject({ level: "read committed" });
    });

    test("is closed at its end and not given back, so its variables reach no one else", async () => {
      const database = toDatabase(await engine.createPool({ connectionLimit: 1 }));
      const id = await database.session(async (session) => {
        await session.rows("select @mine := 7", []);
        return connectionId(session);
      });
      await expect.poll(() => isConnected(id), { timeout: 5000 }).toBe(false);
      const [row] = await database.rows<{ mine: unknown; id: unknown }>(
        "select @mine as mine, connection_id() as id",
        [],
      );
      expect(row?.mine).toBeNull();
      expect(Number(row?.id)).not.toBe(id);
    });

    test("is closed when its work throws, and the error comes out as it was", async () => {
      const database = toDatabase(await engine.createPool({ connectionLimit: 1 }));
      const mine = new Error("mine");
      let id = 0;
      const use = async (session: Executor): Promise<never> => {
        id = await connectionId(session);
        throw mine;
      };
      await expect(database.session(use)).rejects.toBe(mine);
      await expect.poll(() => isConnected(id), { timeout: 5000 }).toBe(false);
      expect(await connectionId(database)).not.toBe(id);
    });
  });

  test.each(["dirty", "read committed; select 1", "", "READ COMMITTED", null, 7])(
    "an isolation level %j is refused as a mistake of the program",
    async (level) => {
      const pool = await engine.createPool({ connectionLimit: 1 });
      const isolation = level as IsolationLevel;
      const mistake = expect.objectContaining({
        code: "invalid_option",
        message: expect.stringContaining("isolation"),
      });
      await expect(toDatabase(pool).session(stateOf, { isolation })).rejects.toThrow(mistake);
      await expect(transaction(pool, async () => undefined, { isolation })).rejects.toThrow(mistake);
    },
  );
});

async function connectionId(session: Executor): Promise<number> {
  const [row] = await session.rows<{ id: number | bigint }>("select connection_id() as id", []);
  return Number(row?.id);
}
