import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { describeEachDatabase } from "../../../test/support/databases/test-database.ts";
import { Reports } from "../../../test/support/streams/gaps.ts";
import { Signal, watch } from "../../../test/support/tables/cursor-setting.ts";
import { newCursorsTable, newTableName } from "../../../test/support/tables/new-tables.ts";
import type { DatabaseHandle } from "../../database/handles/handles.ts";
import type { CursorControl } from "../../reflex/cursor-requests.ts";
import type { ErrorReport } from "../../reflex/observer.ts";
import { createTables } from "../schema/table-schema.ts";
import { CursorsTable } from "./cursors-table.ts";
import type { CursorsTableOptions } from "./cursors-table-options.ts";
import { setLookPeriodMs } from "./look-period.ts";

// Tests can't wait 5 s for a look. What a look finds does not depend on the period.
const PERIOD_MS = 40;

const silent = { warn: (): void => undefined };

interface Watched {
  readonly store: ReturnType<Awaited<ReturnType<typeof newCursorsTable>>["toStore"]>;
  readonly table: Awaited<ReturnType<typeof newCursorsTable>>;
  readonly controls: CursorControl[];
  readonly lost: unknown[];
  readonly told: Signal;
  readonly stop: () => void;
}

/** A consumer at cursor 5 whose row is watched. */
async function watched(
  db: DatabaseHandle,
  options: CursorsTableOptions = {},
  existing?: CursorsTable,
): Promise<Watched> {
  const table = existing ?? (await newCursorsTable(db, options));
  const store = table.toStore(db);
  const told = new Signal();
  const controls: CursorControl[] = [];
  const lost: unknown[] = [];
  await store.setCursor("mailer", "5");
  await store.flush();
  const stop = store.requests?.watch("mailer", {
    table: "order_events",
    requested: (control) => {
      controls.push(control);
      told.give();
    },
    lost: (error) => {
      lost.push(error);
      told.give();
    },
  });
  if (stop === undefined) throw new Error("a cursors table keeps requests");
  onTestFinished(stop);
  return { store, table, controls, lost, told, stop };
}

describeEachDatabase(({ engine, open, sql }) => {
  beforeAll(() => setLookPeriodMs(PERIOD_MS));
  afterAll(() => setLookPeriodMs());

  /** Resolves once so many looks were made. */
  const looks = async (count: number): Promise<void> => {
    // A look tells nothing where there is nothing to tell, so that only its period says when it was made.
    await new Promise((resolve) => void setTimeout(resolve, PERIOD_MS * (count + 1)));
  };

  describe("the row of a running consumer", () => {
    // Catches the bare error of a driver, which says neither what failed nor what to do, and has no code.
    test("is not given that name by a statement that fails, which is reported by code", async () => {
      const db = await open();
      const errors = new Reports<ErrorReport>();
      const table = await newCursorsTable(db, { observer: { error: errors.add } });
      const refusal =
        engine === undefined
          ? "begin select raise(abort, 'no'); end"
          : "for each row signal sqlstate '45000' set message_text = 'no'";
      await sql(`create trigger ${table.name}_refused before update on ${table.name} ${refusal}`);
      await watched(db, {}, table);
      expect(await errors.first()).toMatchObject({
        activity: "watch",
        error: { code: "database_error", details: { table: table.name } },
      });
    });

    test("is given the name of the events table at the first look", async () => {
      const db = await open();
      const { table } = await watched(db);
      await expect.poll(async () => (await table.list(db))[0]?.table).toBe("order_events");
    });

    // Catches a request that only the next event would show.
    test("shows a request without any event, and again until it is answered, and then no more", async () => {
      const db = await open();
      const { table, store, told, controls } = await watched(db);
      const pausing = table.clone().pause(db, "mailer", { by: "ann", waitMs: 30_000 });
      await told.next();
      await told.next();
      const request = { kind: "pause", generation: "1", to: "", by: "ann" } as const;
      expect(controls.slice(0, 2)).toEqual(Array.from({ length: 2 }, () => ({ state: "active", request })));
      await store.requests?.answer("mailer", request, { obeyed: true });
      expect(await pausing).toMatchObject({ outcome: "obeyed" });
      await expect.poll(() => controls.at(-1)).toEqual({ state: "paused", by: "ann", request: undefined });
    });

    // Catches a run that stays paused for ever, since nobody told it that it may go on.
    test("tells that a pause is over that was ended without the run", async () => {
      const db = await open();
      const { table, controls } = await watched(db);
      await table.clone().pause(db, "mailer", { force: true, waitMs: 0 });
      await expect.poll(() => controls.at(-1)?.state).toBe("paused");
      await table.clone().resume(db, "mailer", { force: true, waitMs: 0 });
      await expect.poll(() => controls.at(-1)).toEqual({ state: "active", request: undefined });
      const { length } = controls;
      await looks(4);
      expect(controls.length).toBe(length);
    });

    test.each([
      ["moved forward", "update TABLE set last_event_id = 9 where id = 'mailer'", "9"],
      ["set back", "update TABLE set last_event_id = 2 where id = 'mailer'", "2"],
      ["removed", "delete from TABLE where id = 'mailer'", ""],
    ])(
      "that someone else has %s is told at rest, and the cursor can't be moved from there by the event at hand",
      async (_how, text, existing) => {
        const db = await open();
        const { table, store, told, lost } = await watched(db);
        await sql(text.replace("TABLE", table.name));
        await told.next();
        expect(lost).toEqual([
          expect.objectContaining({
            code: "cursor_not_advanced",
            details: expect.objectContaining({ existing }) as object,
          }),
        ]);
        await expect(store.setCursor("mailer", "6")).rejects.toMatchObject({ code: "cursor_not_advanced" });
        // The next run reads the cursor, and what the last one was told concerns it no more.
        expect(await store.getCursor("mailer")).toBe(existing);
        await expect(store.setCursor("mailer", "10")).resolves.toBeUndefined();
      },
    );

    // Catches a fault that a run learns of only when it sets its next cursor, which may be never.
    test("a flush that loses against someone else is told at rest", async () => {
      const db = await open();
      const { table, store, lost } = await watched(db, {
        asyncPeriodMs: 60_000,
        observer: { error: () => undefined },
      });
      await store.setCursor("mailer", "6");
      setLookPeriodMs(600_000);
      onTestFinished(() => setLookPeriodMs(PERIOD_MS));
      await sql(`update ${table.name} set last_event_id = 9 where id = 'mailer'`);
      await store.flush();
      expect(lost).toEqual([expect.objectContaining({ code: "cursor_not_advanced" })]);
    });

    // Catches a false alarm: what this process writes itself, whenever the look reads it.
    test("is taken for nobody else's while this process moves it between and during looks", async () => {
      const db = await open();
      const { store, lost } = await watched(db, { asyncPeriodMs: 0 });
      for (let id = 6; id < 200; id++) await store.setCursor("mailer", String(id));
      await looks(4);
      for (let id = 200; id < 230; id++) {
        await store.setCursor("mailer", String(id));
        await new Promise((resolve) => void setTimeout(resolve, 5));
      }
      await looks(3);
      expect(lost).toEqual([]);
    });

    // Catches a false alarm of a node of a cluster that is a moment behind.
    test("accuses nobody by one look that shows an older cursor", async () => {
      const spied = watch(await open());
      const { store, lost } = await watched(spied.database);
      await store.setCursor("mailer", "6");
      let looked = 0;
      spied.aroundRead = async <Rows>(read: () => Promise<Rows>): Promise<Rows> => {
        const rows = await read();
        looked += 1;
        const isStale = looked === 2 && Array.isArray(rows);
        return isStale ? (rows.map((row: object) => ({ ...row, cursor_text: "5" })) as Rows) : rows;
      };
      await expect.poll(() => looked).toBeGreaterThan(5);
      expect(lost).toEqual([]);
    });

    // Catches looks that go on for runs that have ended.
    test("is not looked at any more once nobody watches", async () => {
      const db = await open();
      const { table, stop, controls, lost } = await watched(db);
      stop();
      await sql(`update ${table.name} set last_event_id = 9 where id = 'mailer'`);
      await looks(4);
      expect([...controls, ...lost]).toEqual([]);
    });

    // Catches a process that began before a migration, and ignores for ever what is asked of its consumers.
    test("shows requests once a migration has added the columns for them", async () => {
      const db = await open();
      const name = newTableName("old_cursors");
      const time = engine === undefined ? "text" : "datetime(6)";
      await sql(
        `create table ${name} (id varchar(99) not null primary key, last_event_id bigint not null, updated_at ${time} not null)`,
      );
      const { told, controls, table } = await watched(
        db,
        {},
        new CursorsTable(name, { asyncPeriodMs: 0, logger: silent }),
      );
      await createTables(db, [table], { alter: true });
      await table.clone().pause(db, "mailer", { waitMs: 0 });
      await told.next();
      expect(controls[0]).toMatchObject({ request: { kind: "pause" } });
    });

    test("text that no library wrote as a request is told, with how to mend it", async () => {
      const db = await open();
      const { table, lost } = await watched(db);
      await sql(`update ${table.name} set request = 'pause, please' where id = 'mailer'`);
      await expect.poll(() => lost).not.toEqual([]);
      expect(lost[0]).toMatchObject({
        code: "invalid_cursor",
        message: expect.stringContaining("set the column request of its row to null") as string,
      });
    });
  });
});
