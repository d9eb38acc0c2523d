import { expect, test } from "vitest";
import { describeEachDatabase } from "../../../test/support/databases/test-database.ts";
import { failedEvents } from "../../../test/support/tables/failed-events.ts";
import { newErrorsTable, newTableName } from "../../../test/support/tables/new-tables.ts";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import type { ReflexError } from "../../errors/reflex-error.ts";
import { createDeadLetterConsumer } from "../../patterns/dead-letter.ts";
import { createConsumer } from "../../reflex/consumer.ts";
import { ErrorStatus } from "../../reflex/consumer-error.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import type { EventsLoader } from "../events/loader-and-inserter.ts";
import { makeEvent } from "../events/make-event.ts";
import { EventsTable } from "../events-table.ts";
import { EventsTableInt } from "../events-table-int.ts";
import { createTables } from "../schema/table-schema.ts";
import type { ErrorsTable } from "./errors-table.ts";

describeEachDatabase((target) => {
  test("gives the consumer the event as it is in its table, and marks the error as retried", async () => {
    // Catches an event without its metadata or exact time, an error that stays open, a second event in the stream.
    const { db, errors, events, ids } = await failedEvents(target, 2);
    const seen: ReflexEvent[] = [];
    const consumer = createConsumer("mailer", (event) => void seen.push(event));
    await errors.retry(db, ids[1] ?? "", { consumer, events });
    const original = (await events.stream(db, "1").next()).value as ReflexEvent;
    expect(seen).toEqual([original]);
    expect(seen[0]).toMatchObject({ id: "2", foreignId: "o2", type: 5 });
    expect(await errors.list(db)).toMatchObject([
      { id: ids[0], status: ErrorStatus.Recorded },
      { id: ids[1], status: ErrorStatus.Retried, attempts: 1, message: "first" },
    ]);
    expect(await typesOf(db, errors)).toEqual([1, 1]);
  });

  test("that fails records the newest message and one more attempt, writes an event, and throws", async () => {
    // Catches a failure that marks the error as retried, or that is thrown and not recorded.
    const { db, errors, events, ids } = await failedEvents(target);
    const cause = new Error("second", { cause: new Error("the mail server is down") });
    const consumer = createConsumer("mailer", () => Promise.reject(cause));
    await expect(errors.retry(db, ids[0] ?? "", { consumer, events })).rejects.toMatchObject({
      code: "consumer_failed",
      cause,
      message: expect.stringMatching(/ of type 5, with Error \(see its cause\); error \d+ stays open$/),
      details: { consumer: "mailer", eventId: "1", eventType: 5, errorId: ids[0] },
    });
    const [error] = await errors.list(db);
    expect(error).toMatchObject({ id: ids[0], status: ErrorStatus.Recorded, attempts: 2 });
    expect(error?.message).toBe("Error: second\ncaused by Error: the mail server is down");
    expect(await typesOf(db, errors)).toEqual([1, 1]);
    await errors.retry(db, ids[0] ?? "", { consumer: createConsumer("mailer", () => undefined), events });
    expect(await errors.list(db)).toMatchObject([{ status: ErrorStatus.Retried, attempts: 2 }]);
  });

  test("of a dead-letter consumer shows its failures", async () => {
    // Catches a wrapper that records and resolves, which would make each retry seem to succeed.
    const { db, errors, events, ids } = await failedEvents(target);
    const inner = createConsumer("mailer", () => Promise.reject(new Error("no")));
    const consumer = createDeadLetterConsumer(inner, { errors: errors.toErrorInserter(db), retries: 0 });
    await expect(errors.retry(db, ids[0] ?? "", { consumer, events })).rejects.toMatchObject({
      code: "consumer_failed",
    });
    expect(await errors.list(db)).toMatchObject([{ status: ErrorStatus.Recorded, attempts: 2 }]);
  });

  test("whose failure can't be recorded tells of both", async () => {
    // Catches a database error that hides why the consumer failed.
    const { db, errors, events, ids } = await failedEvents(target);
    const cause = new Error("no such address");
    const consumer = createConsumer("mailer", async () => {
      await target.sql(`drop table ${errors.name}_events`);
      throw cause;
    });
    const failure = await errors.retry(db, ids[0] ?? "", { consumer, events }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "consumer_failed",
      message: expect.stringMatching(/with Error \(see its cause\); that could not be recorded: /),
      cause: { message: expect.stringMatching(/^Error: no such address; ReflexError: .*_events/s) as string },
    });
    expect(((failure as ReflexError).cause as AggregateError).errors[0]).toBe(cause);
  });

  test("leaves an error that someone else changed meanwhile as they left it", async () => {
    // Catches a mark that hides a newer failure, or a person's word.
    const { db, errors, events, ids } = await failedEvents(target, 2);
    // Within one second, the time alone does not show the change.
    if (target.engine !== undefined) await target.sql(`alter table ${errors.name} modify updated_at datetime not null`);
    const record = errors.toErrorInserter(db);
    const consumer = createConsumer("mailer", async ({ id }) => {
      if (id === "1") await errors.resolve(db, ids[0] ?? "");
      else await record({ consumer: "mailer", eventId: id, message: "newer" });
    });
    for (const id of ids) await errors.retry(db, id, { consumer, events });
    expect(await errors.list(db)).toMatchObject([
      { status: ErrorStatus.Resolved },
      { status: ErrorStatus.Recorded, message: "newer", attempts: 2 },
    ]);
  });

  test("is refused for errors that are settled, unknown, another consumer's, or of an event that is gone", async () => {
    // Catches a payment that a person has settled and that is made again; a pruned event that passes for success.
    const { db, errors, events, ids } = await failedEvents(target, 3);
    const [resolved = "", retried = "", pruned = ""] = ids;
    let calls = 0;
    const consumer = createConsumer("mailer", () => void (calls += 1));
    const options = { consumer, events };
    await errors.resolve(db, resolved);
    await errors.retry(db, retried, options);
    await target.sql(`delete from ${events.name} where foreign_id = 'o3'`);
    expect(calls).toBe(1);
    for (const id of [resolved, retried]) {
      await expect(errors.retry(db, id, options)).rejects.toMatchObject({ code: "error_settled" });
    }
    await expect(errors.retry(db, pruned, options)).rejects.toMatchObject({
      code: "event_not_found",
      details: { table: events.name, eventId: "3", errorId: pruned },
    });
    await expect(errors.retry(db, "99", options)).rejects.toMatchObject({ code: "error_not_found" });
    const other = createConsumer("biller", () => void (calls += 1));
    await expect(errors.retry(db, pruned, { consumer: other, events })).rejects.toMatchObject({
      code: "invalid_argument",
    });
    await expect(errors.retry(db, pruned, { consumer, events: errors as never })).rejects.toMatchObject({
      code: "invalid_option",
    });
    expect(calls).toBe(1);
    expect((await errors.list(db, { after: retried })).map(({ status }) => status)).toEqual([ErrorStatus.Recorded]);
  });

  test("that its signal ends leaves the error as it was; a failure of the consumer's own does not", async () => {
    // Catches an abort that is recorded as a failure; a handler's time-out that passes for an abort.
    const { db, errors, events, ids } = await failedEvents(target);
    const abort = new AbortController();
    const reason = new Error("closing");
    const consumer = createConsumer("mailer", (_event, { signal }) => {
      abort.abort(reason);
      throw new DOMException(`aborted: ${signal.aborted}`, "AbortError");
    });
    const [id = ""] = ids;
    await expect(errors.retry(db, id, { consumer, events, signal: abort.signal })).rejects.toBe(reason);
    expect(await errors.list(db)).toMatchObject([{ status: ErrorStatus.Recorded, attempts: 1 }]);
    const timedOut = createConsumer("mailer", () => Promise.reject(new DOMException("late", "AbortError")));
    const { signal } = new AbortController();
    await expect(errors.retry(db, id, { consumer: timedOut, events, signal })).rejects.toMatchObject({
      code: "consumer_failed",
    });
    expect(await errors.list(db)).toMatchObject([{ attempts: 2 }]);
  });

  test("reads the event with the loader of its table, if it has one", async () => {
    // Catches a query of columns that such a table lacks; the next event taken for one that is gone.
    const { db, errors, events, ids } = await failedEvents(target, 2);
    const loader: EventsLoader = async (executor, { after, limit }) => {
      const sql = `select foreign_id as f from ${events.name} where foreign_id > ? order by foreign_id limit ${limit}`;
      const rows = await executor.rows<{ f: string }>(sql, [`o${after}`]);
      return rows.map(({ f }) => makeEvent({ id: f.slice(1), type: 1, foreignId: `loaded ${f}`, timestampMicros: 1 }));
    };
    const loaded = new EventsTable(events.name, { loader });
    const seen: string[] = [];
    const consumer = createConsumer("mailer", ({ foreignId }) => void seen.push(foreignId));
    await errors.retry(db, ids[1] ?? "", { consumer, events: loaded });
    expect(seen).toEqual(["loaded o2"]);
    await target.sql(`delete from ${events.name} where foreign_id = 'o1'`);
    const gone = errors.retry(db, ids[0] ?? "", { consumer, events: loaded });
    await expect(gone).rejects.toMatchObject({ code: "event_not_found" });
  });

  test("works on a table of integers too", async () => {
    // Catches a look-up that only one of the two classes has.
    const db = await target.open();
    const errors = await newErrorsTable(db);
    const events = new EventsTableInt(`${newTableName()}_ints`);
    await createTables(db, [events]);
    await events.insert(db, 2n ** 60n, 1);
    const id = await errors.toErrorInserter(db)({ consumer: "mailer", eventId: "1", message: "m" });
    const seen: string[] = [];
    const consumer = createConsumer("mailer", ({ foreignId }) => void seen.push(foreignId));
    await errors.retry(db, id, { consumer, events });
    expect(seen).toEqual([String(2n ** 60n)]);
  });
});

async function typesOf(db: DatabaseHandle, errors: ErrorsTable): Promise<number[]> {
  const types: number[] = [];
  for await (const { type } of errors.events.stream(db, "", { toHead: true })) types.push(type);
  return types;
}
