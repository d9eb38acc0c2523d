import { expect, test } from "vitest";
import { serverDatabase } from "../../../test/support/databases/test-database.ts";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { newErrorsTable } from "../../../test/support/tables/new-tables.ts";
import type { DatabaseHandle } from "../../database/handles/handles.ts";

const FAILED = { consumer: "mailer", eventId: "7", message: "no such address" };
const POISON = "é😀 poison ".repeat(60);

describeEachServer((engine) => {
  const { open, sql } = serverDatabase(engine);

  async function unstrict(): Promise<DatabaseHandle> {
    const pool = await engine.createRawPool();
    // mysql2 sends it before anything that is asked of the connection.
    pool.pool.on("connection", (connection) => connection.query("set session sql_mode = ''"));
    return pool;
  }

  test.each([
    { type: "varchar(10)", expected: "é😀 poison " },
    { type: "tinytext", expected: `${"é😀 poison ".repeat(18)}é` },
    { type: "varbinary(5)", expected: "é" },
    { type: "varchar(10) character set latin1", expected: "é? poison " },
    { type: "text character set utf8mb3", expected: POISON.replaceAll("😀", "?") },
  ])("a message is cut to $type between characters, whatever the sql_mode", async ({ type, expected }) => {
    // Catches a strict server's refusal, which would stop the consumer for ever, and another's cut anywhere.
    for (const db of [await open(), await unstrict()]) {
      const errors = await newErrorsTable(db);
      await sql(`alter table ${errors.name} modify msg ${type} not null`);
      const record = errors.toErrorInserter(db);
      const id = await record({ ...FAILED, message: POISON });
      expect(await errors.list(db)).toMatchObject([{ id, message: expected }]);
      expect(await record({ ...FAILED, message: `x${POISON}` })).toBe(id);
      expect((await errors.list(db))[0]?.message.startsWith("x")).toBe(true);
    }
  });

  test("event ids can be text, and are compared as such", async () => {
    // Catches text bound as a number, which compares as floating-point.
    const db = await open();
    const errors = await newErrorsTable(db);
    await sql(`alter table ${errors.name} modify event_id varchar(64) not null`);
    const record = errors.toErrorInserter(db);
    const id = await record({ ...FAILED, eventId: "9007199254740993" });
    expect(await record({ ...FAILED, eventId: "9007199254740992" })).not.toBe(id);
    expect(await record({ ...FAILED, eventId: "9007199254740993" })).toBe(id);
    await record({ ...FAILED, eventId: "a-7" });
    expect((await errors.list(db)).map(({ eventId }) => eventId)).toEqual([
      "9007199254740993",
      "9007199254740992",
      "a-7",
    ]);
  });

  test("values that a column would cut are refused, whatever the sql_mode", async () => {
    // Catches a consumer's name or event id that a lenient server stores as another one.
    for (const db of [await open(), await unstrict()]) {
      const errors = await newErrorsTable(db);
      await sql(`alter table ${errors.name} modify event_id int not null, modify consumer varchar(5) not null`);
      const record = errors.toErrorInserter(db);
      await expect(record(FAILED)).rejects.toMatchObject({ code: "wrong_schema" });
      const long = { ...FAILED, consumer: "mail", eventId: String(2n ** 31n) };
      await expect(record(long)).rejects.toMatchObject({ code: "wrong_schema" });
      await record({ ...long, eventId: String(2n ** 31n - 1n) });
    }
  });

  test("a consumer whose name the column takes for another's is refused, and the other's error stays as it was", async () => {
    // Catches the error of "Mailer" written over that of "mailer".
    const db = await open();
    const errors = await newErrorsTable(db);
    await sql(
      `alter table ${errors.name} modify consumer varchar(255) character set utf8mb4 collate utf8mb4_general_ci not null`,
    );
    const record = errors.toErrorInserter(db);
    await record(FAILED);
    await expect(record({ ...FAILED, consumer: "Mailer", message: "other" })).rejects.toMatchObject({
      code: "consumer_name_collision",
    });
    expect(await errors.list(db)).toMatchObject([{ ...FAILED, attempts: 1 }]);
    expect(await errors.list(db, { consumer: "MAILER" })).toEqual([]);
  });

  test("another unique key that takes an error for another's row is found out, and that row stays as it was", async () => {
    // Catches an update of whatever row the server found.
    const db = await open();
    const errors = await newErrorsTable(db);
    await sql(`alter table ${errors.name} add unique key (event_id)`);
    const record = errors.toErrorInserter(db);
    await record(FAILED);
    await expect(record({ ...FAILED, consumer: "biller", message: "other" })).rejects.toMatchObject({
      code: "wrong_schema",
    });
    expect(await errors.list(db)).toMatchObject([{ ...FAILED, attempts: 1 }]);
  });

  test.each(["datetime", "datetime(3)", "timestamp(6) default now(6)"])(
    "times in columns of %s are UTC, whatever the session's zone, and never of the future",
    async (type) => {
      // Catches utc_timestamp() in a TIMESTAMP, which shifts it; half a second rounded up.
      const pool = await engine.createRawPool();
      pool.pool.on("connection", (connection) => connection.query("set session time_zone = '+05:30'"));
      const errors = await newErrorsTable(pool);
      await sql(`alter table ${errors.name} modify created_at ${type} not null, modify updated_at ${type} not null`);
      const record = errors.toErrorInserter(pool);
      for (let index = 0; index < 5; index++) await record({ ...FAILED, eventId: String(index) });
      const now = Date.now();
      for (const reader of [pool, await open()]) {
        for (const { createdAt, updatedAt } of await errors.list(reader)) {
          expect(Math.abs(now - createdAt.getTime())).toBeLessThan(60_000);
          expect(updatedAt.getTime()).toBeLessThanOrEqual(now + 2);
        }
      }
    },
  );
});
