import { describe, expect, expectTypeOf, test } from "vitest";
import { describeEachDatabase, type TestDatabase } from "../../../test/support/databases/test-database.ts";
import { allOf } from "../../../test/support/events/all-of.ts";
import { newErrorsTable } from "../../../test/support/tables/new-tables.ts";
import { Gate } from "../../../test/support/waiting/gate.ts";
import { type ErrorInsertFunc, ErrorStatus } from "../../reflex/consumer-error.ts";
import { ErrorsTable } from "./errors-table.ts";

const FAILED = { consumer: "mailer", eventId: "7", message: "no such address" };

function count(rows: readonly Record<string, unknown>[]): number {
  return Number(rows[0]?.["n"]);
}

describeEachDatabase((target) => {
  describe("recording", () => {
    registerRecording(target);
  });
}, "each driver");

function registerRecording({ open, openOther, sql }: TestDatabase): void {
  test("an error is a row and an event, whose id, type and metadata are the error's id, its status and its consumer", async () => {
    // Catches arguments swapped (the consumer in event_id), an event of another type, times in a local zone.
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
    const events = await allOf(errors.events.stream(db, "", { toHead: true }));
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ foreignId: id, type: ErrorStatus.Recorded });
    expect(Buffer.from(events[0]?.metadata ?? []).toString()).toBe("mailer");
    expect(count(await sql(`select count(*) as n from ${errors.name} where event_id = 7`))).toBe(1);
  });

  test("a second failure of the same event keeps the id, takes the newest message, opens the error again and counts", async () => {
    // Catches INSERT IGNORE, an insert that fails as a duplicate, a new id from insertId, a status left as it was.
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
    const events = await allOf(errors.events.stream(db, "", { toHead: true }));
    expect(events.map(({ foreignId }) => foreignId)).toEqual([other, id, id]);
  });

  test("the same event of two consumers is two errors", async () => {
    // Catches a key on the event alone.
    const db = await open();
    const errors = await newErrorsTable(db);
    const record = errors.toErrorInserter(db);
    expect(await record(FAILED)).not.toBe(await record({ ...FAILED, consumer: "biller" }));
    expect(await errors.list(db)).toHaveLength(2);
  });

  test("a stream that waits for errors is woken by the commit of one", async () => {
    // Catches a notify that is never called: with the watcher off, the stream would wait for its backoff.
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
    // Catches row and event in transactions of their own.
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
      message: `could not record an error in ${errors.name}: Error (see its cause)`,
      cause: { message: "no events today" },
    });
    expect(await errors.list(db)).toEqual([]);
  });

  test("an abort or a limit ends a record, which then leaves nothing behind", async () => {
    // Catches a signal that is not handed on, a transaction that commits after its caller was told of the abort.
    const db = await open();
    const waiting = new Gate();
    const release = new Gate();
    const errors = await newErrorsTable(db, {
      eventInserter: () => {
        waiting.open();
        return release.opened;
      },
    });
    const reason = new Error("closing");
    const abort = new AbortController();
    const recording = errors.toErrorInserter(db)(FAILED, { signal: abort.signal });
    const outcome = recording.catch((error: unknown) => error);
    await waiting.opened;
    abort.abort(reason);
    expect(await outcome).toBe(reason);
    release.open();
    // Its transaction has ended once another can write the same row.
    const silent = new ErrorsTable({ tableName: errors.name, recordOnly: true });
    await silent.toErrorInserter(db)({ ...FAILED, message: "after" });
    expect(await errors.list(db)).toEqual([expect.objectContaining({ message: "after", attempts: 1 })]);
    const aborted = errors.toErrorInserter(db)(FAILED, { signal: AbortSignal.abort(reason) });
    await expect(aborted).rejects.toBe(reason);
  });

  test("many at once of one event, through several connections, are one row with one id and every attempt counted", async () => {
    // Catches select-then-insert, a deadlock that is not tried again, a lost update of the count.
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
    expect(await allOf(errors.events.stream(db, "", { toHead: true }))).toHaveLength(12);
  });

  test("a record whose transaction the server rolled back, as in a deadlock, is made again as a whole", async () => {
    // Catches a deadlock that ends the consumer's run; a second try in what is left of the first.
    const db = await open();
    let tries = 0;
    const errors = await newErrorsTable(db, {
      eventInserter: async () => {
        tries += 1;
        if (tries === 1) throw Object.assign(new Error("Deadlock found"), { errno: 1213 });
      },
    });
    await errors.toErrorInserter(db)(FAILED);
    expect(tries).toBe(2);
    expect(await errors.list(db)).toMatchObject([{ ...FAILED, attempts: 1 }]);
  });

  test("each record that was committed is counted by its consumer, and a counter that throws stops nothing", async () => {
    // Catches counting before the commit, an error of the counter that fails a record that is there.
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
    // Catches a consumer's name or an empty id that a server would store as something else.
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
    // Catches (consumer, eventId, message) as arguments in a row, all of one type.
    expectTypeOf<Parameters<ErrorInsertFunc>["length"]>().toEqualTypeOf<1 | 2>();
    expectTypeOf<Parameters<ErrorInsertFunc>[0]>().toEqualTypeOf<{
      readonly consumer: string;
      readonly eventId: string;
      readonly message: string;
    }>();
    expectTypeOf<Parameters<ErrorInsertFunc>[1]>().not.toEqualTypeOf<string>();
  });
}
