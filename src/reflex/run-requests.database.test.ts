import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { describeEachDatabase } from "../../test/support/databases/test-database.ts";
import { Reports } from "../../test/support/streams/gaps.ts";
import { newTableName } from "../../test/support/tables/new-tables.ts";
import type { DatabaseHandle } from "../database/handles/handles.ts";
import { CursorsTable } from "../tables/cursors/cursors-table.ts";
import { setLookPeriodMs } from "../tables/cursors/look-period.ts";
import { EventsTable } from "../tables/events-table.ts";
import { createTables } from "../tables/schema/table-schema.ts";
import type { Consumer } from "./consumer.ts";
import type { ErrorReport, HoldReport } from "./observer.ts";
import { runForever } from "./run-forever.ts";
import type { Running } from "./run-status.ts";

/** A consumer that runs for ever on three events, a to c, and the tables that it reads. */
interface Scene {
  readonly db: DatabaseHandle;
  readonly events: EventsTable;
  readonly cursors: CursorsTable;
  readonly running: Running;
  readonly seen: Reports<string>;
  readonly errors: Reports<ErrorReport>;
  readonly holds: Reports<HoldReport>;
}

const WAIT = { waitMs: 20_000 } as const;

describeEachDatabase(({ open, sql }) => {
  beforeAll(() => setLookPeriodMs(20));
  afterAll(() => setLookPeriodMs());

  async function start(consume?: (event: { foreignId: string }) => void, minBackoffMs = 1): Promise<Scene> {
    const db = await open();
    const [errors, holds, seen] = [new Reports<ErrorReport>(), new Reports<HoldReport>(), new Reports<string>()];
    const observer = { error: errors.add, hold: holds.add };
    const events = new EventsTable(newTableName("events"));
    const cursors = new CursorsTable(newTableName("cursors"), { observer });
    await createTables(db, [events, cursors]);
    await events.insertMany(
      db,
      ["a", "b", "c"].map((foreignId) => ({ foreignId, type: 1 })),
    );
    const consumer: Consumer = {
      name: "mailer",
      consume: ({ foreignId }) => {
        seen.add(foreignId);
        consume?.({ foreignId });
      },
    };
    const stopping = new AbortController();
    const running = runForever(
      { stream: events.toStream(db), cursors: cursors.toStore(db), consumer },
      { signal: stopping.signal, observer, minBackoffMs, maxBackoffMs: 600_000 },
    );
    running.catch(() => undefined);
    onTestFinished(async () => {
      stopping.abort("the test has ended");
      await running.catch(() => undefined);
      await cursors.close();
    });
    return { db, events, cursors, running, seen, errors, holds };
  }

  /** Starts a run, and waits until it has consumed all three events. */
  async function atRest(): Promise<Scene> {
    const scene = await start();
    await scene.seen.first((foreignId) => foreignId === "c");
    return scene;
  }

  describe("a run on a cursors table, at rest", () => {
    // Catches requests that wait for an event, and cursors that what the store held back overwrites.
    test("goes on where a reset asks", async () => {
      const { db, cursors, seen } = await atRest();
      expect(await cursors.reset(db, "mailer", { to: "1", ...WAIT })).toMatchObject({ outcome: "obeyed", to: "1" });
      await seen.first((_foreignId, index) => index === 4);
      expect(seen.all).toEqual(["a", "b", "c", "b", "c"]);
    });

    // Catches a pause that lasts or ends only in this process's memory.
    test("is paused and resumed", async () => {
      const { db, events, cursors, seen, running } = await atRest();
      expect(await cursors.pause(db, "mailer", { by: "ann", ...WAIT })).toMatchObject({ outcome: "obeyed" });
      await expect.poll(() => running.status().state).toBe("paused");
      await events.insertMany(db, [{ foreignId: "d", type: 1 }]);
      expect(await cursors.resume(db, "mailer", WAIT)).toMatchObject({ outcome: "obeyed" });
      await seen.first((foreignId) => foreignId === "d");
    });

    // Catches a consumer that was resumed without its run, and stays paused.
    test("goes on when it is resumed by force", async () => {
      const { db, cursors, seen, events } = await atRest();
      await cursors.pause(db, "mailer", WAIT);
      const { outcome } = await cursors.resume(db, "mailer", { waitMs: 0, force: true });
      expect(["forced", "obeyed"]).toContain(outcome);
      await events.insertMany(db, [{ foreignId: "d", type: 1 }]);
      await seen.first((foreignId) => foreignId === "d");
    });

    // Catches a row that a run writes again after it was deleted.
    test("ends when its cursor is deleted", async () => {
      const { db, cursors, running } = await atRest();
      expect(await cursors.delete(db, "mailer", WAIT)).toMatchObject({ outcome: "obeyed" });
      await expect(running).rejects.toMatchObject({ code: "cursor_deleted" });
      expect(await cursors.list(db)).toEqual([]);
    });

    // Catches a consumer that never runs again, or that was not ended.
    test("ends when it is retired, and runs again when it is resumed", async () => {
      const { db, events, cursors, seen, errors, running } = await atRest();
      expect(await cursors.retire(db, "mailer", WAIT)).toMatchObject({ outcome: "obeyed" });
      await errors.first();
      expect(running.status()).toMatchObject({ state: "retired", error: { code: "consumer_retired" } });
      await events.insertMany(db, [{ foreignId: "d", type: 1 }]);
      expect(await cursors.resume(db, "mailer", WAIT)).toMatchObject({ outcome: "obeyed" });
      await seen.first((foreignId) => foreignId === "d");
      expect(errors.all.every(({ error }) => Object(error).code === "consumer_retired")).toBe(true);
    });

    // Catches a rival that is noticed only when the next event comes.
    test("starts anew where someone has set its cursor by hand", async () => {
      const { cursors, seen, errors } = await atRest();
      await cursors.flush();
      await sql(`update ${cursors.name} set last_event_id = 1 where id = 'mailer'`);
      await seen.first((_foreignId, index) => index === 4);
      expect(seen.all).toEqual(["a", "b", "c", "b", "c"]);
      expect(errors.all).toMatchObject([{ activity: "run", error: { code: "cursor_not_advanced" } }]);
    });

    // Catches a consumer that does all of history again, since a person has tidied up.
    test("ends when someone has removed its row by hand, and does not begin at the first event", async () => {
      const { cursors, seen, running } = await atRest();
      await cursors.flush();
      await sql(`delete from ${cursors.name}`);
      await expect(running).rejects.toMatchObject({ code: "cursor_not_advanced", details: { existing: "" } });
      expect(seen.all).toEqual(["a", "b", "c"]);
      expect(await sql(`select id from ${cursors.name}`)).toEqual([]);
    });

    // Catches a fault of before the pause that the first event after it meets.
    test("goes on from a cursor that was set by hand while it was paused", async () => {
      const { db, cursors, seen, errors } = await atRest();
      await cursors.pause(db, "mailer", WAIT);
      await sql(`update ${cursors.name} set last_event_id = 1 where id = 'mailer'`);
      await cursors.resume(db, "mailer", WAIT);
      await seen.first((_foreignId, index) => index === 4);
      expect([seen.all, errors.all]).toEqual([["a", "b", "c", "b", "c"], []]);
    });
  });

  // Catches a poison event that stops a consumer for ever, and a skip that is lost with the run that failed.
  test("a run that fails at an event leaves it out when that is asked, before its wait is over", async () => {
    const scene = await start(({ foreignId }) => {
      if (foreignId === "b") throw new Error("no address");
    }, 600_000);
    const { db, cursors, seen, errors } = scene;
    await errors.first();
    const skipped = await cursors.skip(db, "mailer", { eventId: "2", events: false, record: async () => "1", ...WAIT });
    expect(skipped).toMatchObject({ outcome: "obeyed", to: "2" });
    await seen.first((foreignId) => foreignId === "c");
    expect(await cursors.list(db)).toMatchObject([{ request: undefined, state: "active" }]);
  });
});
