import { expect, expectTypeOf, test } from "vitest";
import { describeEachDatabase } from "../../../test/support/databases/test-database.ts";
import { newErrorsTable, newTableName } from "../../../test/support/tables/new-tables.ts";
import { ErrorStatus } from "../../reflex/consumer-error.ts";
import type { EventsTable } from "../events-table.ts";
import { ErrorsTable } from "./errors-table.ts";
import type { ErrorEventType } from "./errors-table-options.ts";

const FAILED = { consumer: "mailer", eventId: "7", message: "no such address" };

describeEachDatabase(({ open, sql }) => {
  const renamed = [
    ["idField", "error_key", "id"],
    ["eventIdField", "event", "eventId"],
    ["consumerField", "order", "consumer"],
    ["messageField", "error_msg", "message"],
    ["createdAtField", "first time", "createdAt"],
    ["updatedAtField", "last_time", "updatedAt"],
    ["statusField", "group", "status"],
    ["attemptsField", "tries", "attempts"],
  ] as const;

  test.each(renamed)("%s reaches every statement", async (option, column, property) => {
    // Catches a default column name left in one of the statements, or an unquoted one.
    const db = await open();
    const errors = await newErrorsTable(db, { [option]: column });
    const record = errors.toErrorInserter(db);
    const id = await record(FAILED);
    expect(await record({ ...FAILED, message: "newer" })).toBe(id);
    await errors.resolve(db, id);
    const [error] = await errors.list(db, { consumer: "mailer", status: ErrorStatus.Resolved, after: "0" });
    expect(error).toMatchObject({ id, eventId: "7", consumer: "mailer", message: "newer", status: 3, attempts: 2 });
    const text = (await sql(`select * from ${errors.name}`))[0] ?? {};
    expect(text).toHaveProperty([column]);
    expect(error?.[property]).toBeDefined();
  });

  test("names of several kinds at once, and of other tables", async () => {
    // Catches an events table of a fixed name.
    const db = await open();
    const options = Object.fromEntries(renamed.map(([option, column]) => [option, column]));
    const errors = await newErrorsTable(db, options);
    const id = await errors.toErrorInserter(db)(FAILED);
    expect(await errors.list(db)).toMatchObject([{ id, ...FAILED }]);
    expect(errors.events.name).toBe(`${errors.name}_events`);
    expect(await sql(`select id from ${errors.name}_events`)).toHaveLength(1);
  });

  test("with recordOnly no events table is made or written, and there is none to stream", async () => {
    // Catches an event insert that is skipped only by an error.
    const db = await open();
    const tableName = newTableName();
    const errors = await newErrorsTable(db, { tableName, recordOnly: true });
    expect(errors.events).toBeUndefined();
    expectTypeOf(errors.events).toEqualTypeOf<undefined>();
    expectTypeOf(new ErrorsTable().events).toEqualTypeOf<EventsTable<ErrorEventType>>();
    await errors.toErrorInserter(db)(FAILED);
    const eventInserter = () => Promise.reject(new Error("not to be called"));
    const silent = new ErrorsTable({ tableName, recordOnly: true, eventInserter });
    await silent.toErrorInserter(db)({ ...FAILED, eventId: "8" });
    expect(await errors.list(db)).toHaveLength(2);
    await expect(sql(`select * from ${tableName}_events`)).rejects.toThrow(/doesn't exist|no such table/);
  });

  test("a table without an attempts column counts nothing and keeps all else", async () => {
    // Catches a statement that names the column regardless.
    const db = await open();
    const errors = await newErrorsTable(db);
    await sql(`alter table ${errors.name} drop column attempts`);
    const record = errors.toErrorInserter(db);
    const id = await record(FAILED);
    expect(await record({ ...FAILED, message: "newer" })).toBe(id);
    expect(await errors.list(db)).toMatchObject([{ id, message: "newer", attempts: undefined }]);
  });
});
