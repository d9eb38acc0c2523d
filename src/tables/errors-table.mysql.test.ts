import { describe, expect, expectTypeOf, test } from "vitest";
import {
  createGate,
  describeEachDriverAndDatabase,
  type ErrorsTarget,
  newErrorsTable,
  newName,
} from "../../test/errors/error-targets.ts";
import { type ErrorInsertFunc, ErrorStatus } from "../reflex/consumer-error.ts";
import type { ReflexEvent } from "../reflex/event.ts";
import type { EventStream } from "../reflex/stream.ts";
import { ErrorsTable } from "./errors-table.ts";
import type { ErrorEventType } from "./errors-table-options.ts";
import type { EventsTable } from "./events-table.ts";

const FAILED = { consumer: "mailer", eventId: "7", message: "no such address" };

async function all(stream: EventStream): Promise<ReflexEvent[]> {
  const events: ReflexEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

function count(rows: readonly Record<string, unknown>[]): number {
  return Number(rows[0]?.["n"]);
}

describeEachDriverAndDatabase((target) => {
  describe("recording", () => registerRecording(target));
  describe("listing", () => registerListing(target));
  describe("options", () => registerOptions(target));
});

function registerRecording({ open, openOther, sql }: ErrorsTarget): void {
  test("an error is a row and an event, whose id, type and metadata are the error's id, its status and its consumer", async () => {
    // Catches: arguments swapped (the consumer in event_id), an event of another type, times in a local zone.
    const db = await open();
    const errors = await newErrorsTable(db);
    const id = await errors.toErrorInserter(db)(FAILED);
    const [error, ...more] = await errors.list(db);
    expect(more).toEqual([]);
    expect(error).toEqual({
      ...FAILED,
      id,
      status: ErrorStatus.Recorded,
      attempts: 1,
      createdAt: expect.any(Date),
      updatedAt: expect.any(Date),
    });
    expect(Math.abs(Date.now() - (error?.createdAt.getTime() ?? 0))).toBeLessThan(60_000);
    expect(error?.updatedAt).toEqual(error?.createdAt);
    const events = await all(errors.events.stream(db, "", { toHead: true }));
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ foreignId: id, type: ErrorStatus.Recorded });
    expect(Buffer.from(events[0]?.metadata ?? []).toString()).toBe("mailer");
    expect(count(await sql(`select count(*) as n from ${errors.name} where event_id = 7`))).toBe(1);
  });

  test("a second failure of the same event keeps the id, takes the newest message, opens the error again and counts", async () => {
    // Catches: INSERT IGNORE, an insert that fails as a duplicate, a new id from insertId, a status left as it was.
    const db = await open();
    const errors = await newErrorsTable(db);
    const record = errors.toErrorInserter(db);
    const other = await record({ ...FAILED, eventId: "6" });
    const id = await record(FAILED);
    await errors.resolve(db, id);
    expect(await record({ ...FAILED, message: "still no such address" })).toBe(id);
    const [first, second] = await errors.list(db);
    expect(first).toMatchObject({ id: other, attempts: 1, message: FAILED.message });
    expect(second).toMatchObject({ id, attempts: 2, status: ErrorStatus.Recorded, message: "still no such address" });
    expect(second?.updatedAt.getTime()).toBeGreaterThanOrEqual(second?.createdAt.getTime() ?? Number.NaN);
    const events = await all(errors.events.stream(db, "", { toHead: true }));
    expect(events.map(({ foreignId }) => foreignId)).toEqual([other, id, id]);
  });

  test("the same event of two consumers is two errors", async () => {
    // Catches: a key on the event alone.
    const db = await open();
    const errors = await newErrorsTable(db);
    const record = errors.toErrorInserter(db);
    expect(await record(FAILED)).not.toBe(await record({ ...FAILED, consumer: "biller" }));
    expect(await errors.list(db)).toHaveLength(2);
  });

  test("a stream that waits for errors is woken by the commit of one", async () => {
    // Catches: a notify that is never called: with the watcher off, the stream would wait for its backoff.
    const db = await open();
    const errors = await newErrorsTable(db);
    const record = errors.toErrorInserter(db);
    const stream = errors.events.clone({ wake: false, backoffMs: 600_000 });
    const own = new ErrorsTable({ tableName: errors.name, eventInserter: stream.insertWithMetadata.bind(stream) });
    const reading = stream.stream(db, "");
    await record(FAILED);
    expect((await reading.next()).value).toMatchObject({ id: "1" });
    const next = reading.next();
    const id = await own.toErrorInserter(db)({ ...FAILED, eventId: "8" });
    expect((await next).value).toMatchObject({ id: "2", foreignId: id });
    await reading.close();
  });

  test("when the event can't be inserted, there is no row either", async () => {
    // Catches: row and event in transactions of their own.
    const db = await open();
    const errors = await newErrorsTable(db);
    await sql(`drop table ${errors.name}_events`);
    await expect(errors.toErrorInserter(db)(FAILED)).rejects.toMatchObject({ code: "wrong_schema" });
    const failing = new ErrorsTable({
      tableName: errors.name,
      eventInserter: () => Promise.reject(new Error("no events today")),
    });
    await expect(failing.toErrorInserter(db)(FAILED)).rejects.toMatchObject({
      code: "database_error",
      message: expect.stringContaining("no events today"),
    });
    expect(await errors.list(db)).toEqual([]);
  });

  test("an abort or a limit ends a record, which then leaves nothing behind", async () => {
    // Catches: a signal that is not handed on, a transaction that commits after its caller was told of the abort.
    const db = await open();
    const waiting = createGate();
    const release = createGate();
    const errors = await newErrorsTable(db, {
      eventInserter: () => {
        waiting.open();
        return release.passed;
      },
    });
    const reason = new Error("closing");
    const abort = new AbortController();
    const recording = errors.toErrorInserter(db)(FAILED, { signal: abort.signal });
    const rejected = expect(recording).rejects.toBe(reason);
    await waiting.passed;
    abort.abort(reason);
    await rejected;
    release.open();
    // Its transaction has ended once another can write the same row.
    const silent = new ErrorsTable({ tableName: errors.name, recordOnly: true });
    await silent.toErrorInserter(db)({ ...FAILED, message: "after" });
    expect(await errors.list(db)).toEqual([expect.objectContaining({ message: "after", attempts: 1 })]);
    const aborted = errors.toErrorInserter(db)(FAILED, { signal: AbortSignal.abort(reason) });
    await expect(aborted).rejects.toBe(reason);
  });

  test("many at once of one event, through several connections, are one row with one id and every attempt counted", async () => {
    // Catches: select-then-insert, a deadlock that is not tried again, a lost update of the count.
    const db = await open();
    const errors = await newErrorsTable(db);
    const other = await openOther();
    const again = new ErrorsTable({ tableName: errors.name });
    const records = Array.from({ length: 12 }, (_, index) =>
      index % 2 === 0 ? errors.toErrorInserter(db)(FAILED) : again.toErrorInserter(other)(FAILED),
    );
    const ids = await Promise.all(records);
    expect(new Set(ids).size).toBe(1);
    const [error, ...more] = await errors.list(db);
    expect(more).toEqual([]);
    expect(error).toMatchObject({ id: ids[0], attempts: 12 });
    expect(await all(errors.events.stream(db, "", { toHead: true }))).toHaveLength(12);
  });

  test("each record that was committed is counted by its consumer, and a counter that throws stops nothing", async () => {
    // Catches: counting before the commit, an error of the counter that fails a record that is there.
    const db = await open();
    const recorded: string[] = [];
    const reported: unknown[] = [];
    let fail = false;
    const thrown = new Error("counter broken");
    const errors = await newErrorsTable(db, {
      onErrorRecorded: (consumer) => {
        recorded.push(consumer);
        throw thrown;
      },
      eventInserter: () => (fail ? Promise.reject(new Error("no")) : Promise.resolve()),
      observer: { error: (report) => reported.push(report) },
    });
    const record = errors.toErrorInserter(db);
    await record(FAILED);
    fail = true;
    await expect(record({ ...FAILED, consumer: "biller" })).rejects.toThrow("no");
    expect(recorded).toEqual(["mailer"]);
    expect(reported).toEqual([{ activity: "onErrorRecorded", name: errors.name, error: thrown }]);
  });

  test("what is recorded is checked, and what can't be recorded says so", async () => {
    // Catches: a consumer's name or an empty id that a server would store as something else.
    const db = await open();
    const record = (await newErrorsTable(db)).toErrorInserter(db);
    const mistake = { code: "invalid_argument" };
    await expect(record({ ...FAILED, consumer: " mailer" })).rejects.toMatchObject(mistake);
    await expect(record({ ...FAILED, eventId: "" })).rejects.toMatchObject(mistake);
    await expect(record({ ...FAILED, eventId: 7 as unknown as string })).rejects.toMatchObject(mistake);
    await expect(record({ ...FAILED, message: undefined as unknown as string })).rejects.toMatchObject(mistake);
    for (const eventId of ["seven", "-1", "7.5", "9223372036854775808", "0x10"]) {
      await expect(record({ ...FAILED, eventId })).rejects.toMatchObject({ code: "invalid_int_id" });
    }
  });

  test("takes an object, so that consumer and event can't be swapped", () => {
    // Catches: (consumer, eventId, message) as arguments in a row, all of one type.
    expectTypeOf<Parameters<ErrorInsertFunc>["length"]>().toEqualTypeOf<1 | 2>();
    expectTypeOf<Parameters<ErrorInsertFunc>[0]>().toEqualTypeOf<{
      readonly consumer: string;
      readonly eventId: string;
      readonly message: string;
    }>();
    expectTypeOf<Parameters<ErrorInsertFunc>[1]>().not.toEqualTypeOf<string>();
  });
}

function registerListing({ open, sql }: ErrorsTarget): void {
  test("pages go by id, and by consumer and status", async () => {
    // Catches: ids sorted as text ("10" before "9"), a filter that is left out, a page that begins at `after` itself.
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
    // Catches: NaN for null, a status that no type allows.
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
    // Catches: an update of no row that passes for success, one of all rows.
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
    // Catches: an `after` that a server reads as 0.
    const db = await open();
    const errors = await newErrorsTable(db);
    for (const options of [{ after: "x" }, { limit: 0 }, { status: 4 }, { consumer: "" }, { concumer: "a" }]) {
      await expect(errors.list(db, options as object)).rejects.toMatchObject({
        code: expect.stringMatching(/^invalid_(option|argument)$/) as string,
      });
    }
  });
}

function registerOptions({ open, sql }: ErrorsTarget): void {
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
    // Catches: a default column name left in one of the statements, or an unquoted one.
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
    // Catches: an events table of a fixed name.
    const db = await open();
    const options = Object.fromEntries(renamed.map(([option, column]) => [option, column]));
    const errors = await newErrorsTable(db, options);
    const id = await errors.toErrorInserter(db)(FAILED);
    expect(await errors.list(db)).toMatchObject([{ id, ...FAILED }]);
    expect(errors.events.name).toBe(`${errors.name}_events`);
    expect(count(await sql(`select count(*) as n from ${errors.name}_events`))).toBe(1);
  });

  test("with recordOnly no events table is made or written, and there is none to stream", async () => {
    // Catches: an event insert that is skipped only by an error.
    const db = await open();
    const tableName = newName();
    const errors = await newErrorsTable(db, { tableName, recordOnly: true });
    expect(errors.events).toBeUndefined();
    expectTypeOf(errors.events).toEqualTypeOf<undefined>();
    expectTypeOf(new ErrorsTable().events).toEqualTypeOf<EventsTable<ErrorEventType>>();
    await errors.toErrorInserter(db)(FAILED);
    expect(await errors.list(db)).toHaveLength(1);
    await expect(sql(`select * from ${tableName}_events`)).rejects.toThrow(/doesn't exist|no such table/);
  });

  test("a table without an attempts column counts nothing and keeps all else", async () => {
    // Catches: a statement that names the column regardless.
    const db = await open();
    const errors = await newErrorsTable(db);
    await sql(`alter table ${errors.name} drop column attempts`);
    const record = errors.toErrorInserter(db);
    const id = await record(FAILED);
    expect(await record({ ...FAILED, message: "newer" })).toBe(id);
    expect(await errors.list(db)).toMatchObject([{ id, message: "newer", attempts: undefined }]);
  });
}
