import { expect, test } from "vitest";
import { describeEachDatabase } from "../../test/support/databases/test-database.ts";
import { newErrorsTable, newTableName } from "../../test/support/tables/new-tables.ts";
import { createConsumer } from "../reflex/consumer.ts";
import { ErrorStatus } from "../reflex/consumer-error.ts";
import { run } from "../reflex/run.ts";
import { CursorsTable } from "../tables/cursors/cursors-table.ts";
import { ErrorsTable } from "../tables/errors/errors-table.ts";
import { EventsTable } from "../tables/events-table.ts";
import { createTables } from "../tables/schema/table-schema.ts";
import { createDeadLetterConsumer } from "./dead-letter.ts";

describeEachDatabase(({ open }) => {
  async function setUp() {
    const db = await open();
    const name = newTableName();
    const events = new EventsTable(`${name}_orders`);
    const cursors = new CursorsTable(`${name}_cursors`, { asyncPeriodMs: 0 });
    const errors = await newErrorsTable(db);
    await createTables(db, [events, cursors]);
    for (const foreignId of ["good", "poison", "better", "best"]) await events.insert(db, foreignId, 1);
    return { db, events, cursors, errors };
  }

  test("a poison event is recorded, those after it are consumed, the cursor passes it, and a retry later succeeds", async () => {
    // Catches a stream that stops at the event, a cursor that stays before it, an error that a retry can't find.
    const { db, events, cursors, errors } = await setUp();
    const consumed: string[] = [];
    let mended = false;
    const mailer = createConsumer("mailer", ({ foreignId }) => {
      if (foreignId === "poison" && !mended) throw new Error("no such address");
      consumed.push(foreignId);
    });
    const consumer = createDeadLetterConsumer(mailer, {
      errors: errors.toErrorInserter(db),
      retries: 2,
      minBackoffMs: 1,
      maxBackoffMs: 1,
    });
    const stream = events.toStream(db);
    await run({ stream, cursors: cursors.toStore(db), consumer, options: { toHead: true } });
    expect(consumed).toEqual(["good", "better", "best"]);
    expect(await cursors.getCursor(db, "mailer")).toBe("4");
    const [error, ...more] = await errors.list(db, { consumer: "mailer", status: ErrorStatus.Recorded });
    expect(more).toEqual([]);
    expect(error).toMatchObject({ eventId: "2", message: "Error: no such address", attempts: 1 });
    mended = true;
    expect(await errors.retryAll(db, { consumer, events })).toEqual({ retried: 1, failures: [], more: false });
    expect(consumed).toEqual(["good", "better", "best", "poison"]);
    expect(await errors.list(db, { status: ErrorStatus.Recorded })).toEqual([]);
    expect(await cursors.getCursor(db, "mailer")).toBe("4");
  });

  test("where errors can't be recorded, the run fails with both errors and the event comes again", async () => {
    // Catches an event that is lost, since it is neither consumed nor recorded.
    const { db, events, cursors, errors } = await setUp();
    const nowhere = new ErrorsTable({ tableName: `${errors.name}_missing` });
    const consumed: string[] = [];
    const mailer = createConsumer("mailer", ({ foreignId }) => {
      if (foreignId === "poison") throw new Error("no such address");
      consumed.push(foreignId);
    });
    const spec = { stream: events.toStream(db), cursors: cursors.toStore(db), options: { toHead: true } };
    const broken = createDeadLetterConsumer(mailer, { errors: nowhere.toErrorInserter(db), retries: 0 });
    await expect(run({ ...spec, consumer: broken })).rejects.toMatchObject({
      code: "consumer_failed",
      cause: {
        message: expect.stringMatching(
          / could not be recorded: .*; the error itself: Error: no such address$/s,
        ) as string,
      },
      details: { eventId: "2" },
    });
    expect(await cursors.getCursor(db, "mailer")).toBe("1");
    const recording = createDeadLetterConsumer(mailer, { errors: errors.toErrorInserter(db), retries: 0 });
    await run({ ...spec, consumer: recording });
    expect(consumed).toEqual(["good", "better", "best"]);
    expect(await errors.list(db)).toMatchObject([{ eventId: "2" }]);
  });

  test("an abort in the middle of an event neither records nor passes it", async () => {
    // Catches the event after an abort that is gone: neither consumed, nor recorded, and behind the cursor.
    const { db, events, cursors, errors } = await setUp();
    const abort = new AbortController();
    const reason = new Error("closing");
    const consumed: string[] = [];
    const mailer = createConsumer("mailer", ({ foreignId }, { signal }) => {
      if (foreignId === "poison" && consumed.length === 1 && !abort.signal.aborted) {
        abort.abort(reason);
        signal.throwIfAborted();
      }
      consumed.push(foreignId);
    });
    const consumer = createDeadLetterConsumer(mailer, { errors: errors.toErrorInserter(db), retries: 0 });
    const spec = { stream: events.toStream(db), cursors: cursors.toStore(db), consumer, options: { toHead: true } };
    await expect(run(spec, { signal: abort.signal })).rejects.toBe(reason);
    expect(await cursors.getCursor(db, "mailer")).toBe("1");
    await run(spec);
    expect(consumed).toEqual(["good", "poison", "better", "best"]);
    expect(await errors.list(db)).toEqual([]);
  });
});
