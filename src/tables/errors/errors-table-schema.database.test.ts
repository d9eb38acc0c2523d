import { describe, expect, test } from "vitest";
import { describeEachDatabase, type TestDatabase } from "../../../test/support/databases/test-database.ts";
import { newErrorsTable, newTableName } from "../../../test/support/tables/new-tables.ts";
import { ReflexError } from "../../errors/reflex-error.ts";
import { ErrorStatus } from "../../reflex/consumer-error.ts";
import { isDuplicateErrorInsertion } from "./error-recorder.ts";
import { ErrorsTable } from "./errors-table.ts";
import { type ErrorInserter, goErrorColumns } from "./errors-table-options.ts";

const FAILED = { consumer: "mailer", eventId: "7", message: "no such address" };

describeEachDatabase((target) => {
  describe("an errors table", () => {
    registerSchema(target);
  });
  describe("an inserter of one's own", () => {
    registerInserter(target);
  });
});

function registerSchema({ open, sql }: TestDatabase): void {
  test("that is not there, lacks columns or lacks its key is refused at first use, naming what to do", async () => {
    // Catches a table without the key, where each failure would be a row of its own.
    const db = await open();
    const tableName = newTableName();
    const errors = new ErrorsTable({ tableName });
    const wrong = (message: RegExp) => ({ code: "wrong_schema", message: expect.stringMatching(message) as string });
    await expect(errors.list(db)).rejects.toMatchObject(wrong(/does not exist/));
    await expect(errors.toErrorInserter(db)(FAILED)).rejects.toMatchObject(wrong(/does not exist/));
    const other = await newErrorsTable(db, { tableName, ...goErrorColumns });
    await expect(errors.toErrorInserter(db)(FAILED)).rejects.toMatchObject(
      wrong(/no column msg: .* option messageField; it has no column status: .* option statusField/),
    );
    expect(await other.toErrorInserter(db)(FAILED)).toBe("1");
    const keyless = newTableName();
    await sql(`create table ${keyless} as select * from ${tableName}`);
    const named = new ErrorsTable({ tableName: keyless, ...goErrorColumns });
    await expect(named.list(db)).rejects.toMatchObject(wrong(/needs a unique key on \(consumer, event_id\)/));
  });

  test.each(["9007199254740993", "9223372036854775807"])("keeps the event id %s exact", async (eventId) => {
    // Catches an id that becomes a floating-point number on its way.
    const db = await open();
    const errors = await newErrorsTable(db);
    const record = errors.toErrorInserter(db);
    const id = await record({ ...FAILED, eventId });
    const next = String(BigInt(eventId) - 1n);
    expect(await record({ ...FAILED, eventId: next })).not.toBe(id);
    expect(await record({ ...FAILED, eventId })).toBe(id);
    expect((await errors.list(db)).map((error) => error.eventId)).toEqual([eventId, next]);
  });

  test("keeps its own ids exact beyond 2^53", async () => {
    // Catches an id from a driver's number.
    const db = await open();
    const errors = await newErrorsTable(db);
    await sql(`insert into ${errors.name} (id, consumer, event_id, msg, created_at, updated_at)
      values (9007199254740992, 'a', 1, 'm', '2026-01-02 03:04:05', '2026-01-02 03:04:05')`);
    const id = await errors.toErrorInserter(db)(FAILED);
    expect(id).toBe("9007199254740993");
    await errors.resolve(db, id);
    expect(await errors.list(db, { after: "9007199254740992" })).toMatchObject([{ id, status: 3 }]);
    expect(await errors.list(db, { status: ErrorStatus.Unknown })).toMatchObject([{ id: "9007199254740992" }]);
  });
}

function registerInserter({ open, sql }: TestDatabase): void {
  const plain = (table: string): ErrorInserter => {
    return async (tx, { consumer, eventId, message, status }) => {
      const time = "'2026-01-02 03:04:05'";
      const text = `insert into ${table} (consumer, event_id, msg, created_at, updated_at, status) values (?, ?, ?, ${time}, ${time}, ?)`;
      return (await tx.run(text, [consumer, eventId, `own: ${message}`, status])).insertId;
    };
  };

  test("gets the error by name, and its id is what is given back and streamed", async () => {
    // Catches an inserter that is not called, or outside of the transaction.
    const db = await open();
    const { name: tableName } = await newErrorsTable(db);
    const errors = new ErrorsTable({ tableName, inserter: plain(tableName) });
    const id = await errors.toErrorInserter(db)(FAILED);
    expect(await errors.list(db)).toMatchObject([{ id, ...FAILED, message: "own: no such address", status: 1 }]);
    const event = (await errors.events.stream(db, "").next()).value;
    expect(event).toMatchObject({ foreignId: id });
    const failing = new ErrorsTable({
      tableName,
      inserter: plain(tableName),
      eventInserter: () => Promise.reject(new Error("no")),
    });
    await expect(failing.toErrorInserter(db)({ ...FAILED, eventId: "8" })).rejects.toThrow("no");
    expect(await errors.list(db)).toHaveLength(1);
  });

  test("that only adds rows meets a row that is there, and its id is given back", async () => {
    // Catches a consumer that stops for ever at an event that was recorded just before a crash.
    const db = await open();
    const { name: tableName } = await newErrorsTable(db);
    const errors = new ErrorsTable({ tableName, inserter: plain(tableName) });
    const record = errors.toErrorInserter(db);
    const id = await record(FAILED);
    expect(await record({ ...FAILED, message: "again" })).toBe(id);
    expect(await errors.list(db)).toMatchObject([{ message: "own: no such address" }]);
  });

  test("that gives no id is told so", async () => {
    // Catches "undefined" as the foreign id of an event.
    const db = await open();
    const { name: tableName } = await newErrorsTable(db);
    const errors = new ErrorsTable({ tableName, inserter: async () => 7 as unknown as string });
    await expect(errors.toErrorInserter(db)(FAILED)).rejects.toMatchObject({ code: "invalid_option" });
  });

  test("a duplicate is recognised, raw or wrapped, and nothing else is", async () => {
    // Catches a test of one driver's number only; any failed constraint taken for a duplicate.
    const db = await open();
    const { name } = await newErrorsTable(db);
    const row = (message: string): string =>
      `insert into ${name} (consumer, event_id, msg, created_at, updated_at) values ('a', 1, ${message}, '2026-01-02', '2026-01-02')`;
    await sql(row("'m'"));
    const raw: unknown = await sql(row("'m'")).catch((error: unknown) => error);
    expect(isDuplicateErrorInsertion(raw)).toBe(true);
    expect(isDuplicateErrorInsertion(new ReflexError("database_error", "m", { cause: raw }))).toBe(true);
    const missing: unknown = await sql(row("null").replace("1,", "2,")).catch((error: unknown) => error);
    expect(missing).toBeInstanceOf(Error);
    expect(isDuplicateErrorInsertion(missing)).toBe(false);
    expect(isDuplicateErrorInsertion(undefined)).toBe(false);
    const self = new Error("m");
    self.cause = self;
    expect(isDuplicateErrorInsertion(self)).toBe(false);
  });
}
