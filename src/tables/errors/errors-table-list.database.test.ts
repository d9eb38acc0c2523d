import { expect, test } from "vitest";
import { describeEachDatabase } from "../../../test/support/databases/test-database.ts";
import { newErrorsTable } from "../../../test/support/tables/new-tables.ts";
import { ErrorStatus } from "../../reflex/consumer-error.ts";

const FAILED = { consumer: "mailer", eventId: "7", message: "no such address" };

describeEachDatabase(({ open, sql }) => {
  test("pages go by id, and by consumer and status", async () => {
    // Catches ids sorted as text ("10" before "9"), a filter that is left out, a page that begins at `after` itself.
    const db = await open();
    const errors = await newErrorsTable(db);
    const record = errors.toErrorInserter(db);
    const ids: string[] = [];
    for (let index = 0; index < 12; index++) {
      const consumer = index % 3 === 0 ? "biller" : "mailer";
      ids.push(await record({ consumer, eventId: String(100 - index), message: "m" }));
    }
    await errors.resolve(db, ids[1] ?? "");
    const listed = async (options: Parameters<typeof errors.list>[1]): Promise<number[]> =>
      (await errors.list(db, options)).map(({ id }) => ids.indexOf(id));
    expect(await listed({})).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(await listed({ after: ids[8] ?? "", limit: 2 })).toEqual([9, 10]);
    expect(await listed({ consumer: "biller" })).toEqual([0, 3, 6, 9]);
    expect(await listed({ consumer: "mailer", status: ErrorStatus.Recorded, limit: 2 })).toEqual([2, 4]);
    expect(await listed({ status: ErrorStatus.Resolved })).toEqual([1]);
    expect(await listed({ status: ErrorStatus.Unknown })).toEqual([]);
    expect(await listed({ consumer: "MAILER" })).toEqual([]);
  });

  test("rows of others, without attempts and of a status that this version does not know, can be listed", async () => {
    // Catches NaN for null, a status that no type allows.
    const db = await open();
    const errors = await newErrorsTable(db);
    const time = "'2026-01-02 03:04:05.678'";
    await sql(`insert into ${errors.name} (consumer, event_id, msg, created_at, updated_at, status)
      values ('go', 9007199254740993, 'm', ${time}, ${time}, 9)`);
    expect(await errors.list(db)).toEqual([
      {
        id: "1",
        consumer: "go",
        eventId: "9007199254740993",
        message: "m",
        status: ErrorStatus.Unknown,
        attempts: undefined,
        createdAt: new Date("2026-01-02T03:04:05.678Z"),
        updatedAt: new Date("2026-01-02T03:04:05.678Z"),
      },
    ]);
    await errors.toErrorInserter(db)({ consumer: "go", eventId: "9007199254740993", message: "again" });
    expect(await errors.list(db)).toMatchObject([{ id: "1", attempts: 2, status: ErrorStatus.Recorded }]);
  });

  test("resolving marks an error once and for all, and only one that is there", async () => {
    // Catches an update of no row that passes for success, one of all rows.
    const db = await open();
    const errors = await newErrorsTable(db);
    const record = errors.toErrorInserter(db);
    const id = await record(FAILED);
    await record({ ...FAILED, eventId: "8" });
    await errors.resolve(db, id);
    await errors.resolve(db, id);
    expect((await errors.list(db)).map(({ status }) => status)).toEqual([ErrorStatus.Resolved, ErrorStatus.Recorded]);
    for (const missing of ["99", "1x", ""]) {
      await expect(errors.resolve(db, missing)).rejects.toMatchObject({ code: "error_not_found" });
    }
    await expect(errors.resolve(db, 1 as unknown as string)).rejects.toMatchObject({ code: "invalid_argument" });
  });

  test("wrong list options are refused by name", async () => {
    // Catches an `after` that a server reads as 0.
    const db = await open();
    const errors = await newErrorsTable(db);
    for (const options of [{ after: "x" }, { limit: 0 }, { status: 4 }, { consumer: "" }, { concumer: "a" }]) {
      await expect(errors.list(db, options as object)).rejects.toMatchObject({
        code: expect.stringMatching(/^invalid_(option|argument)$/) as string,
      });
    }
  });
});
