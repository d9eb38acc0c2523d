import { expect, test } from "vitest";
import { describeEachDatabase } from "../../../test/support/databases/test-database.ts";
import { Reports } from "../../../test/support/streams/gaps.ts";
import { insertMany, nothingWithin } from "../../../test/support/streams/streams.ts";
import { failedEvents } from "../../../test/support/tables/failed-events.ts";
import { createConsumer } from "../../reflex/consumer.ts";
import { ERRORS_A_PAGE } from "./error-retry.ts";

describeEachDatabase((target) => {
  test("takes each open error of the consumer once, by id, and goes on after those that fail", async () => {
    // Catches a failure that stops the rest, one that is retried without end, errors of others or settled ones.
    const { db, errors, events, ids } = await failedEvents(target, 6);
    await errors.toErrorInserter(db)({ consumer: "biller", eventId: "1", message: "m" });
    await errors.resolve(db, ids[4] ?? "");
    await target.sql(`delete from ${events.name} where foreign_id = 'o4'`);
    const seen: string[] = [];
    const consumer = createConsumer("mailer", ({ id }) => {
      seen.push(id);
      if (id === "2") throw new Error("never");
    });
    const result = await errors.retryAll(db, { consumer, events });
    expect(seen).toEqual(["1", "2", "3", "6"]);
    expect(result).toEqual({
      retried: 3,
      more: false,
      failures: [
        { errorId: ids[1], eventId: "2", error: expect.objectContaining({ code: "consumer_failed" }) },
        { errorId: ids[3], eventId: "4", error: expect.objectContaining({ code: "event_not_found" }) },
      ],
    });
    expect((await errors.list(db, { consumer: "mailer" })).map(({ status }) => status)).toEqual([2, 1, 2, 1, 3, 2]);
  });

  test("stops at its limit, saying that there are more, and reads more than one page", async () => {
    // Catches a limit of one page, a `more` that is always false.
    const { db, errors, events } = await failedEvents(target);
    const count = ERRORS_A_PAGE + 20;
    await insertMany(db, events, count);
    const time = "'2026-01-02 03:04:05'";
    const rows = Array.from({ length: count }, (_, index) => `('mailer', ${index + 2}, 'm', ${time}, ${time}, 1)`);
    await target.sql(
      `insert into ${errors.name} (consumer, event_id, msg, created_at, updated_at, status) values ${rows.join(", ")}`,
    );
    const consumer = createConsumer("mailer", () => undefined);
    expect(await errors.retryAll(db, { consumer, events, limit: 5 })).toEqual({ retried: 5, failures: [], more: true });
    expect(await errors.retryAll(db, { consumer, events, limit: count })).toMatchObject({
      retried: count - 4,
      more: false,
    });
    expect(await errors.retryAll(db, { consumer, events })).toEqual({ retried: 0, failures: [], more: false });
  });

  test("keeps to its pace, in which an abort ends the wait", async () => {
    // Catches a pace that is ignored, and a wait that outlasts its signal.
    const { db, errors, events } = await failedEvents(target, 3);
    const abort = new AbortController();
    const seen = new Reports<string>();
    const consumer = createConsumer("mailer", ({ id }) => seen.add(id));
    const retrying = errors.retryAll(db, { consumer, events, perSecond: 1 / 600, signal: abort.signal });
    await seen.first();
    expect(await Promise.race([retrying, nothingWithin(300)])).toBe("nothing");
    expect(seen.all).toEqual(["1"]);
    abort.abort(new Error("closing"));
    await expect(retrying).rejects.toThrow("closing");
  });

  test("ends at an abort with its reason, after the one in hand", async () => {
    // Catches an abort that leaves the one in hand unmarked, or that begins another.
    const { db, errors, events } = await failedEvents(target, 3);
    const abort = new AbortController();
    const reason = new Error("closing");
    const seen: string[] = [];
    const consumer = createConsumer("mailer", ({ id }) => {
      seen.push(id);
      abort.abort(reason);
    });
    await expect(errors.retryAll(db, { consumer, events, signal: abort.signal })).rejects.toBe(reason);
    expect(seen).toEqual(["1"]);
    expect((await errors.list(db)).map(({ status }) => status)).toEqual([2, 1, 1]);
  });

  test("refuses a limit and a pace that are none", async () => {
    // Catches a pace of 0, which waits for ever.
    const { db, errors, events } = await failedEvents(target);
    const consumer = createConsumer("mailer", () => undefined);
    for (const wrong of [{ limit: 0 }, { limit: 1.5 }, { perSecond: 0 }, { perSecond: Number.NaN }]) {
      await expect(errors.retryAll(db, { consumer, events, ...wrong })).rejects.toMatchObject({
        code: "invalid_option",
      });
    }
  });
});
