import { describe, expect, test } from "vitest";
import { describeEachDatabase } from "../../../test/support/databases/test-database.ts";
import { newTableName } from "../../../test/support/tables/new-tables.ts";
import { obey, type RequestSetting, requestSetting } from "../../../test/support/tables/request-setting.ts";
import { positionOf } from "../../reflex/event-position.ts";
import { makeEvent } from "../events/make-event.ts";
import { EventsTable } from "../events-table.ts";
import { createTables } from "../schema/table-schema.ts";
import type { CursorsTableOptions } from "./cursors-table-options.ts";

const event = makeEvent({ id: 42, type: 1, foreignId: "o-42", timestampMicros: 1_764_000_000_000_000 });
const now = { waitMs: 0 } as const;
const forced = { waitMs: 0, force: true } as const;

describeEachDatabase(({ open, sql }) => {
  const setUp = async (options: CursorsTableOptions = {}): Promise<RequestSetting> =>
    requestSetting(await open(), options);

  describe("a skip", () => {
    test("records the event first, then asks, and its answer moves the cursor past the event", async () => {
      const setting = await setUp();
      const { db, table, store } = setting;
      const recorded: unknown[] = [];
      const record = async (error: object): Promise<string> => {
        recorded.push({ ...error, asked: (await store.requests?.read("mailer"))?.request });
        return "1";
      };
      await table.skip(db, "mailer", { eventId: "42", events: false, record, by: "ann", reason: "no address", ...now });
      expect(recorded).toEqual([
        { consumer: "mailer", eventId: "42", message: "skipped by ann: no address", asked: undefined },
      ]);
      await obey(setting, { event });
      expect(await store.getCursor("mailer")).toBe("42");
      expect(await store.getPosition?.("mailer")).toBe(positionOf(event));
    });

    test("of an event that was passed is refused, and nothing is recorded", async () => {
      const { db, table } = await setUp();
      const record = async (): Promise<string> => {
        throw new Error("nothing is to be recorded");
      };
      await expect(table.skip(db, "mailer", { eventId: "41", events: false, record, ...now })).rejects.toMatchObject({
        code: "invalid_cursor",
        message: "event 41 can't be skipped by mailer: its cursor is at 41 already",
      });
    });

    // Catches a typo that lies in wait: the id of no event, which a good event gets later.
    test("of an id without an event is refused where the table is given, and nothing is recorded or asked", async () => {
      const { db, table, store } = await setUp();
      const events = new EventsTable(newTableName("events"));
      await createTables(db, [events]);
      const record = async (): Promise<string> => {
        throw new Error("nothing is to be recorded");
      };
      await expect(table.skip(db, "mailer", { eventId: "4200", events, record, ...now })).rejects.toMatchObject({
        code: "invalid_cursor",
      });
      expect(await store.requests?.read("mailer")).toEqual({ state: "active", request: undefined });
    });

    test("can be taken back as long as it is not answered", async () => {
      const setting = await setUp();
      const { db, table, store, reports } = setting;
      await table.skip(db, "mailer", { eventId: "99", events: false, record: false, ...now });
      expect(await table.withdraw(db, "mailer")).toBe(true);
      expect(await table.withdraw(db, "mailer")).toBe(false);
      expect(await store.requests?.read("mailer")).toEqual({ state: "active", request: undefined });
      expect(await table.changes(db)).toMatchObject([{ kind: "skip", outcome: "withdrawn" }]);
      expect(reports.map(({ kind, outcome }) => `${kind} ${outcome}`)).toEqual(["skip asked", "skip withdrawn"]);
    });

    // Catches an event lost: a rival has set the cursor back, so that the events between would be passed with the skip.
    test("is not answered where someone else has moved the cursor", async () => {
      const setting = await setUp();
      const { db, table, store } = setting;
      await table.skip(db, "mailer", { eventId: "42", events: false, record: false, ...now });
      await sql(`update ${table.name} set last_event_id = 30 where id = 'mailer'`);
      await expect(obey(setting, { event })).rejects.toMatchObject({ code: "cursor_not_advanced" });
      expect(await store.getCursor("mailer")).toBe("30");
    });
  });

  describe("the record of changes", () => {
    test("says who, when, why, from where, to where and what became of it, the newest first", async () => {
      const setting = await setUp();
      const { db, table, reports } = setting;
      const before = Date.now();
      await table.reset(db, "mailer", { to: "7", by: "ann", reason: "mails lost", ...now });
      await obey(setting);
      await table.pause(db, "mailer", { by: "bob", ...forced });
      await table.retire(db, "mailer", { by: "eve", ...now });
      const changes = await table.changes(db);
      expect(changes).toEqual([
        expect.objectContaining({
          kind: "retire",
          by: "eve",
          from: "7",
          to: "",
          outcome: "asked",
          answeredAt: undefined,
        }),
        expect.objectContaining({ kind: "pause", by: "bob", from: "7", outcome: "forced" }),
        expect.objectContaining({
          kind: "reset",
          by: "ann",
          reason: "mails lost",
          from: "41",
          to: "7",
          outcome: "obeyed",
        }),
      ]);
      for (const { askedAt } of changes) expect(Math.abs(askedAt.getTime() - before)).toBeLessThan(60_000);
      expect(changes[2]?.answeredAt).toBeInstanceOf(Date);
      expect(await table.changes(db, { consumer: "other" })).toEqual([]);
      expect(await table.changes(db, { limit: 1 })).toHaveLength(1);
      expect(reports.map(({ kind, outcome, by }) => `${kind} ${outcome} ${by}`)).toEqual([
        "reset asked ann",
        "reset obeyed ann",
        "pause asked bob",
        "pause forced bob",
        "retire asked eve",
      ]);
    });

    // Catches a record of a request that stands open for ever, since another took its place.
    test("says of a request that was replaced that it was", async () => {
      const setting = await setUp();
      const { db, table } = setting;
      await table.reset(db, "mailer", { to: "7", ...now });
      await table.pause(db, "mailer", forced);
      const changes = await table.changes(db);
      expect(changes.map(({ kind, outcome }) => `${kind} ${outcome}`)).toEqual(["pause forced", "reset replaced"]);
      expect(changes[1]?.answeredAt).toBeInstanceOf(Date);
    });

    // Catches a change that is made though its record can't be.
    test("comes before the change: without its table nothing is asked, unless no record is wanted", async () => {
      const setting = await setUp({ changesTable: newTableName("missing") });
      const { db, table, store, reports } = setting;
      const missing = table.clone({ changesTable: newTableName("missing") });
      await expect(missing.pause(db, "mailer", now)).rejects.toMatchObject({ code: "wrong_schema" });
      expect(await store.requests?.read("mailer")).toEqual({ state: "active", request: undefined });
      await table.clone({ changesTable: false }).pause(db, "mailer", { by: "ann", ...now });
      expect(reports.at(-1)).toMatchObject({ kind: "pause", outcome: "asked", by: "ann" });
      expect(await table.clone({ changesTable: false }).changes(db)).toEqual([]);
    });
  });

  test("list gives all cursors by name, with their times, tables and positions", async () => {
    const { db, table, store } = await setUp();
    await store.setCursor("biller", "42", { event });
    const infos = await table.list(db);
    expect(infos.map(({ consumer, cursor, hasPosition }) => [consumer, cursor, hasPosition])).toEqual([
      ["biller", "42", true],
      ["mailer", "41", false],
    ]);
    for (const { updatedAt } of infos) expect(Math.abs(updatedAt.getTime() - Date.now())).toBeLessThan(60_000);
  });
});
