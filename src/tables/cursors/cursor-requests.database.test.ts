import { describe, expect, test } from "vitest";
import { describeEachDatabase } from "../../../test/support/databases/test-database.ts";
import { listed, obey, type RequestSetting, requestSetting } from "../../../test/support/tables/request-setting.ts";
import { positionOf } from "../../reflex/event-position.ts";
import { makeEvent } from "../events/make-event.ts";
import type { CursorsTableOptions } from "./cursors-table-options.ts";

const event = makeEvent({ id: 42, type: 1, foreignId: "o-42", timestampMicros: 1_764_000_000_000_000 });
const now = { waitMs: 0 } as const;
const forced = { waitMs: 0, force: true } as const;

describeEachDatabase(({ open, sql }) => {
  const setUp = async (options: CursorsTableOptions = {}): Promise<RequestSetting> =>
    requestSetting(await open(), options);

  describe("a reset", () => {
    test("to an id stays in the row until a run answers it, which moves the cursor, back too", async () => {
      const setting = await setUp();
      const { db, table, store } = setting;
      expect(await table.reset(db, "mailer", { to: "7", by: "ann", ...now })).toEqual({
        consumer: "mailer",
        kind: "reset",
        outcome: "pending",
        reason: undefined,
        from: "41",
        to: "7",
        by: "ann",
      });
      expect(await store.getCursor("mailer")).toBe("41");
      expect(await listed(setting)).toMatchObject({ request: { kind: "reset", to: "7", by: "ann" } });
      await obey(setting);
      expect(await store.getCursor("mailer")).toBe("7");
      await store.setCursor("mailer", "8");
      expect(await listed(setting)).toMatchObject({ cursor: "8", request: undefined, state: "active" });
    });

    // Catches a position of before that would hold the consumer for ever after a person has accepted the table.
    test("to its own cursor without an events table makes the position unknown", async () => {
      const setting = await setUp();
      const { db, table, store } = setting;
      await store.setCursor("mailer", "42", { event });
      await table.reset(db, "mailer", { to: "42", ...now });
      await obey(setting);
      expect(await store.getPosition?.("mailer")).toBeUndefined();
      expect(await store.getCursor("mailer")).toBe("42");
    });

    test("to a place of an events table goes where that finds it, with the position of its row", async () => {
      const setting = await setUp();
      const { db, table, store } = setting;
      const asked: unknown[] = [];
      const events = {
        name: "order_events",
        cursorAt: async (_db: unknown, to: unknown) => {
          asked.push(to);
          return { cursor: "42", event };
        },
      };
      const time = new Date("2026-11-01");
      for (const to of ["head", "start", "42", { time }]) {
        await table.reset(db, "mailer", { to, events, ...now });
        await obey(setting);
        expect(await store.getPosition?.("mailer")).toBe(positionOf(event));
      }
      expect(asked).toEqual(["head", "start", "42", { time }]);
    });

    // Catches a place in a table that the consumer does not read.
    test("to a place in another table than the consumer reads is refused", async () => {
      const { db, table, store } = await setUp();
      await sql(`update ${table.name} set table_name = 'shop.order_events' where id = 'mailer'`);
      const cursorAt = async () => ({ cursor: "42", event });
      const to = { to: "head", ...now };
      for (const name of ["invoices", "other.order_events"]) {
        await expect(table.reset(db, "mailer", { ...to, events: { name, cursorAt } })).rejects.toMatchObject({
          code: "invalid_cursor",
          message: `the cursor of mailer is a position in shop.order_events, not in ${name}: give the table that it reads in option events`,
        });
      }
      expect((await store.requests?.read("mailer"))?.request).toBeUndefined();
      for (const name of ["order_events", "shop.order_events"]) {
        expect(await table.reset(db, "mailer", { ...to, events: { name, cursorAt } })).toMatchObject({ to: "42" });
      }
    });

    test("to a time that is yet to come is refused", async () => {
      const { db, table } = await setUp();
      const to = { time: new Date(Date.now() + 3_600_000) };
      const events = { name: "order_events", cursorAt: async () => ({ cursor: "42", event }) };
      await expect(table.reset(db, "mailer", { to, events, ...now })).rejects.toMatchObject({ code: "invalid_option" });
    });

    test.each([["head"], [{ time: new Date() }]])("to %j needs an events table", async (to) => {
      const { db, table, store } = await setUp();
      await expect(table.reset(db, "mailer", { to, ...now })).rejects.toMatchObject({ code: "invalid_option" });
      expect(await store.requests?.read("mailer")).toEqual({ state: "active", request: undefined });
    });

    test.each(["-1", "4x", "9223372036854775808"])("to %s is refused", async (to) => {
      const { db, table } = await setUp();
      await expect(table.reset(db, "mailer", { to, ...now })).rejects.toMatchObject({ code: "invalid_cursor" });
    });

    test("to the start is to cursor 0", async () => {
      const setting = await setUp();
      await setting.table.reset(setting.db, "mailer", { to: "start", ...forced });
      expect(await setting.store.getCursor("mailer")).toBe("0");
    });
  });

  describe("a request", () => {
    test("is obeyed while its asker waits, who is told so", async () => {
      const setting = await setUp();
      const asking = setting.table.pause(setting.db, "mailer", { waitMs: 30_000 });
      await expect.poll(async () => (await setting.store.requests?.read("mailer"))?.request?.kind).toBe("pause");
      await obey(setting);
      expect(await asking).toMatchObject({ outcome: "obeyed" });
      expect(await listed(setting)).toMatchObject({ state: "paused", request: undefined });
    });

    test("that a run refuses changes nothing, and its asker is told why", async () => {
      const setting = await setUp();
      const { db, table } = setting;
      const asking = table.skip(db, "mailer", { eventId: "42", events: false, record: false, waitMs: 30_000 });
      await expect.poll(async () => (await listed(setting))?.request?.kind).toBe("skip");
      await obey(setting, { obeyed: false, reason: "it was passed" });
      expect(await asking).toMatchObject({ outcome: "refused", reason: "it was passed" });
      expect(await listed(setting)).toMatchObject({ cursor: "41", request: undefined });
    });

    // Catches an answer to what nobody asks any more: a run may read a request just before another takes its place.
    test("that was replaced is not obeyed, and its asker is told so", async () => {
      const setting = await setUp();
      const { db, table, store } = setting;
      const first = table.reset(db, "mailer", { to: "7", waitMs: 30_000 });
      await expect.poll(async () => (await listed(setting))?.request?.to).toBe("7");
      const { request } = (await store.requests?.read("mailer")) ?? {};
      await table.reset(db, "mailer", { to: "8", ...now });
      if (request !== undefined) await store.requests?.answer("mailer", request, { obeyed: true });
      expect(await store.getCursor("mailer")).toBe("41");
      await obey(setting);
      expect(await first).toMatchObject({ outcome: "withdrawn" });
      expect(await store.getCursor("mailer")).toBe("8");
    });

    test("with force is done at once where nobody runs", async () => {
      const setting = await setUp();
      const { db, table, store } = setting;
      expect(await table.reset(db, "mailer", { to: "7", ...forced })).toMatchObject({ outcome: "forced", from: "41" });
      expect(await table.clone().getCursor(db, "mailer")).toBe("7");
      expect(await table.pause(db, "mailer", forced)).toMatchObject({ outcome: "forced" });
      expect((await store.requests?.read("mailer"))?.state).toBe("paused");
      await table.retire(db, "mailer", forced);
      expect((await listed(setting))?.state).toBe("retired");
      await table.resume(db, "mailer", forced);
      expect((await listed(setting))?.state).toBe("active");
      expect(await table.delete(db, "mailer", forced)).toMatchObject({ outcome: "forced" });
      expect(await table.list(db)).toEqual([]);
    });

    // Catches a process that flushes over a forced reset: what it holds back builds on a place that the cursor has left.
    test("with force wins over a run that is there after all", async () => {
      const setting = await setUp();
      const { db, table } = setting;
      const running = table.clone({ asyncPeriodMs: 60_000, observer: { error: () => undefined } }).toStore(db);
      expect(await running.getCursor("mailer")).toBe("41");
      await running.setCursor("mailer", "50");
      await table.reset(db, "mailer", { to: "7", ...forced });
      await running.flush();
      await expect(running.setCursor("mailer", "51")).rejects.toMatchObject({ code: "cursor_not_advanced" });
      expect(await running.getCursor("mailer")).toBe("7");
    });

    // Catches a pause that a reset ends, or that a restart forgets.
    test("leaves the state alone that another has set", async () => {
      const setting = await setUp();
      const { db, table, store } = setting;
      await table.pause(db, "mailer", { by: "ann", ...forced });
      await table.reset(db, "mailer", { to: "7", by: "bob", ...now });
      await obey(setting);
      expect(await store.requests?.read("mailer")).toEqual({ state: "paused", by: "ann", request: undefined });
      expect(await store.getCursor("mailer")).toBe("7");
    });

    test("to pause a consumer that is retired is refused: resume would wake it", async () => {
      const { db, table } = await setUp();
      await table.retire(db, "mailer", forced);
      await expect(table.pause(db, "mailer", now)).rejects.toMatchObject({ code: "consumer_retired" });
    });

    test("of a consumer without a cursor is refused, with how to give it one", async () => {
      const { db, table } = await setUp();
      const refusal = { code: "cursor_not_found", message: expect.stringContaining("fromHead") as string };
      await expect(table.pause(db, "mialer", now)).rejects.toMatchObject(refusal);
    });

    test("is answered after what the run holds back was written", async () => {
      const setting = await setUp();
      const { db, table } = setting;
      const running = table.clone({ asyncPeriodMs: 60_000 }).toStore(db);
      await running.setCursor("mailer", "60");
      await table.pause(db, "mailer", now);
      await obey({ ...setting, store: running });
      expect(await listed(setting)).toMatchObject({ cursor: "60", state: "paused" });
      await running.setCursor("mailer", "61");
      await running.flush();
      expect(await listed(setting)).toMatchObject({ cursor: "61", state: "paused" });
    });

    // Catches a second object that has other rules for names and values than the first.
    test("reaches consumers whose names and askers are text of any kind", async () => {
      const { db, table, store } = await setUp();
      const name = 'o\'brien \\ `x` "y" ✓';
      await store.setCursor(name, "41");
      await table.pause(db, name, { by: `${name}!`, reason: name, ...forced });
      expect((await table.list(db)).find(({ consumer }) => consumer === name)).toMatchObject({
        state: "paused",
        by: `${name}!`,
      });
      expect((await table.changes(db, { consumer: name }))[0]).toMatchObject({ by: `${name}!`, reason: name });
      // The remedy of a position fault is a statement that a person runs.
      await store.setCursor(name, "42", { event });
      const [, statement = ""] = /run: (.*)$/.exec(store.remedy?.(name, "42") ?? "") ?? [];
      await sql(statement);
      expect(await store.getPosition?.(name)).toBeUndefined();
    });
  });
});
