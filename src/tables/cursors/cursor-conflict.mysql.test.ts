import { expect, test } from "vitest";
import { describeEachEngine } from "../../../test/support/servers/engines.ts";
import { cursorSettings, Signal, type Watched } from "../../../test/support/tables/cursor-setting.ts";
import { ReflexError } from "../../errors/reflex-error.ts";

describeEachEngine((engine) => {
  const setUp = cursorSettings(engine);

  test.each([
    { how: "moved it beyond", sql: "update {table} set last_event_id = 50 where id = 'a'", theirs: { a: "50" } },
    { how: "set it back", sql: "update {table} set last_event_id = 2 where id = 'a'", theirs: { a: "2" } },
    { how: "removed it", sql: "delete from {table} where id = 'a'", theirs: {} },
  ])(
    "where someone $how, theirs is kept and told to that consumer once, and others are written",
    async ({ sql, theirs }) => {
      const existing = theirs.a ?? "";
      const kept = { ...theirs, b: "6" };
      const { db, table, raw, stored, errors } = await setUp();
      await table.setCursor(db, "a", "5");
      await table.setCursor(db, "b", "5");
      await table.flush();
      await raw.query(sql.replace("{table}", table.name));
      await table.setCursor(db, "a", "6");
      await table.setCursor(db, "b", "6");
      await table.flush();
      expect(await stored()).toEqual(kept);
      const conflict = { code: "cursor_not_advanced", details: { consumer: "a", cursor: "6", existing } };
      expect(errors).toMatchObject([{ activity: "flush", error: conflict }]);
      // A look at the cursor by someone else must not hide the loss from the consumer.
      expect(await table.getCursor(db, "a")).toBe(existing);
      await table.setCursor(db, "b", "7");
      await expect(table.setCursor(db, "a", "7")).rejects.toMatchObject(conflict);
      await table.flush();
      expect(await stored()).toEqual({ ...kept, b: "7" });
      await table.setCursor(db, "a", "51");
      await table.flush();
      expect(await stored()).toEqual({ a: "51", b: "7" });
      expect(errors).toHaveLength(1);
    },
  );

  test("a first cursor that someone else was faster to write is kept theirs", async () => {
    const { db, table, stored } = await setUp();
    await table.setCursor(db, "a", "1");
    await table.setCursor(db, "b", "1");
    const other = table.clone({ asyncPeriodMs: 0 });
    await other.setCursor(db, "a", "9");
    await table.flush();
    expect(await stored()).toEqual({ a: "9", b: "1" });
    await expect(table.setCursor(db, "a", "10")).rejects.toMatchObject({ details: { existing: "9", cursor: "1" } });
  });

  test("a cursor that is already where it was to go counts as written", async () => {
    const { db, table, raw, stored, errors } = await setUp();
    const written: unknown[] = [];
    const told = table.clone({ onSetCursor: (cursor) => void written.push(cursor) });
    await told.setCursor(db, "new", "1");
    await told.setCursor(db, "known", "1");
    await told.flush();
    written.length = 0;
    await told.setCursor(db, "known", "2");
    await told.setCursor(db, "newer", "2");
    await raw.query(`update ${table.name} set last_event_id = 2 where id = 'known'`);
    await raw.query(`insert into ${table.name} (id, last_event_id, updated_at) values ('newer', 2, utc_timestamp(6))`);
    await told.flush();
    expect(written).toEqual(
      expect.arrayContaining([
        { consumer: "known", cursor: "2" },
        { consumer: "newer", cursor: "2" },
      ]),
    );
    expect(written).toHaveLength(2);
    await told.setCursor(db, "known", "3");
    await told.setCursor(db, "newer", "3");
    await told.flush();
    expect(await stored()).toEqual({ new: "1", known: "3", newer: "3" });
    expect(errors).toEqual([]);
  });

  test.each(["first", "later"])(
    "a %s write whose answer was lost is recognised, though a newer cursor was set meanwhile",
    async (which) => {
      const { db, table, watched, stored, errors } = await setUp();
      if (which === "later") {
        await table.setCursor(db, "a", "1");
        await table.flush();
      }
      await table.setCursor(db, "a", "2");
      watched.around = async (run) => {
        await run();
        throw new ReflexError("commit_outcome_unknown", "the answer was lost");
      };
      await expect(table.flush()).rejects.toMatchObject({ code: "commit_outcome_unknown" });
      expect(await stored()).toEqual({ a: "2" });
      await table.setCursor(db, "a", "3");
      watched.around = (run) => run();
      await table.flush();
      expect(await stored()).toEqual({ a: "3" });
      expect(errors).toEqual([]);
    },
  );

  test("set at once, a write whose answer was lost can be followed by the same cursor or the next", async () => {
    const { db, table, watched, stored } = await setUp({ asyncPeriodMs: 0 });
    await table.setCursor(db, "a", "1");
    for (const [lost, next] of [
      ["2", "2"],
      ["3", "4"],
    ] as const) {
      watched.around = async (run) => {
        await run();
        throw new ReflexError("commit_outcome_unknown", "the answer was lost");
      };
      await expect(table.setCursor(db, "a", lost)).rejects.toMatchObject({ code: "commit_outcome_unknown" });
      watched.around = (run) => run();
      await table.setCursor(db, "a", next);
      expect(await stored()).toEqual({ a: next });
    }
  });

  test("a pool that counts changed rows instead of found ones behaves the same", async () => {
    const { table, raw, stored, errors } = await setUp();
    const pool = await engine.createRawPool({ flags: ["-FOUND_ROWS"], connectionLimit: 3 });
    const other = table.clone();
    for (const cursor of ["1", "2", "3"]) {
      await other.setCursor(pool, "a", cursor);
      await other.setCursor(pool, "b", cursor);
      await other.flush();
    }
    expect(await stored()).toEqual({ a: "3", b: "3" });
    await raw.query(`update ${table.name} set last_event_id = 9 where id = 'a'`);
    await other.setCursor(pool, "a", "4");
    await other.setCursor(pool, "b", "4");
    await other.flush();
    expect(await stored()).toEqual({ a: "9", b: "4" });
    expect(errors).toHaveLength(1);
  });

  test("what a slow read found does not hide what was written meanwhile", async () => {
    const { db, table, watched, stored, errors } = await setUp();
    await table.setCursor(db, "a", "1");
    await table.flush();
    const answer = holdAnswer(watched);
    const read = table.getCursor(db, "a");
    await answer.found.next();
    await table.setCursor(db, "a", "2");
    await table.flush();
    answer.arrive.give();
    expect(await read).toBe("1");
    await table.setCursor(db, "a", "3");
    await table.flush();
    expect(await stored()).toEqual({ a: "3" });
    expect(errors).toEqual([]);
  });

  test("what a slow read found does not let a cursor that was set meanwhile move another's back", async () => {
    const { db, table, watched, raw, stored } = await setUp();
    await table.setCursor(db, "a", "1");
    await table.flush();
    await raw.query(`update ${table.name} set last_event_id = 9`);
    const answer = holdAnswer(watched);
    const read = table.getCursor(db, "a");
    await answer.found.next();
    await table.setCursor(db, "a", "2");
    answer.arrive.give();
    expect(await read).toBe("9");
    await table.flush();
    expect(await stored()).toEqual({ a: "9" });
    await expect(table.setCursor(db, "a", "3")).rejects.toMatchObject({ code: "cursor_not_advanced" });
  });

  test("where it can't be read which of the cursors were written, those that were are recognised later", async () => {
    const { db, table, watched, raw, stored, errors } = await setUp();
    for (const consumer of ["a", "b"]) await table.setCursor(db, consumer, "1");
    await table.flush();
    await raw.query(`update ${table.name} set last_event_id = 9 where id = 'b'`);
    for (const consumer of ["a", "b"]) await table.setCursor(db, consumer, "2");
    watched.aroundRead = () => Promise.reject(new Error("no server"));
    await expect(table.flush()).rejects.toMatchObject({ code: "database_error" });
    expect(await stored()).toEqual({ a: "2", b: "9" });
    await table.setCursor(db, "a", "3");
    watched.aroundRead = (read) => read();
    await table.flush();
    expect(await stored()).toEqual({ a: "3", b: "9" });
    expect(errors).toMatchObject([{ error: { code: "cursor_not_advanced", details: { consumer: "b" } } }]);
  });
});

/** Holds the answer to the next read back: `found` when it is there, until `arrive`. */
function holdAnswer(watched: Watched): { found: Signal; arrive: Signal } {
  const [found, arrive] = [new Signal(), new Signal()];
  watched.aroundRead = async (read) => {
    watched.aroundRead = (later) => later();
    const rows = await read();
    found.give();
    await arrive.next();
    return rows;
  };
  return { found, arrive };
}
