import type { Pool } from "mysql2/promise";
import { type EventsTable, type EventsTableOptions, type PollReport, positionOf } from "reflex-rsql";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { setFaultConfirmMs } from "../../../src/tables/reader/confirm-time.ts";
import { describeEachServer } from "../../support/servers/engines.ts";
import { idRange, Reports } from "../../support/streams/gaps.ts";
import { insertEach, makeTable, rest, take, takeEvents } from "../../support/streams/streams.ts";

// Position faults in tests are confirmed soon, or so late that what happens before that is sure to.
const CONFIRM_MS = 200;
const SLOW_CONFIRM_MS = 60_000;
const SOON = { backoffMs: 100 } as const;

/** Makes a table with events 1 to 5, and resolves with it and with the position at event 5. */
async function consumed(
  pool: Pool,
  options: EventsTableOptions = {},
): Promise<{ table: EventsTable; position: string }> {
  const table = await makeTable(pool, { ...SOON, ...options });
  await insertEach(pool, table, idRange(1, 5));
  const last = (await takeEvents(table.stream(pool, "", { toHead: true }), 6)).at(-1);
  return { table, position: last === undefined ? "" : positionOf(last) };
}

/** Deletes the events after `last`, and has their ids given again. */
async function loseTail(pool: Pool, table: EventsTable, last: number): Promise<void> {
  await pool.query(`delete from ${table.name} where id > ${last}`);
  await pool.query(`alter table ${table.name} auto_increment = ${last + 1}`);
}

describeEachServer((engine) => {
  beforeAll(() => setFaultConfirmMs(CONFIRM_MS));
  afterAll(() => setFaultConfirmMs());

  describe("a stream that starts with a position", () => {
    // The new events have the foreign ids and the types of the old ones.
    const changes = [
      {
        name: "was truncated and has grown beyond the cursor",
        change: async (pool: Pool, table: EventsTable) => {
          await pool.query(`truncate table ${table.name}`);
          await insertEach(pool, table, idRange(1, 9));
        },
      },
      {
        name: "was swapped for a copy that lacks its last rows",
        change: async (pool: Pool, table: EventsTable) => {
          const copy = `${table.name}_copy`;
          await pool.query(`create table ${copy} like ${table.name}`);
          await pool.query(`insert into ${copy} select * from ${table.name} where id <= 3`);
          await pool.query(`rename table ${table.name} to ${table.name}_old, ${copy} to ${table.name}`);
          await insertEach(pool, table, idRange(4, 9));
        },
      },
      {
        name: "lost its last rows, whose ids were given again",
        change: async (pool: Pool, table: EventsTable) => {
          await loseTail(pool, table, 3);
          await insertEach(pool, table, idRange(4, 9));
        },
      },
    ];

    // Catches a start that takes whatever row stands at the cursor for the one that was passed: events lost in silence.
    test.each(changes)("ends with history_rewritten if the table $name", async ({ change }) => {
      const pool = await engine.createRawPool();
      const { table, position } = await consumed(pool);
      await change(pool, table);
      for (const toHead of [false, true]) {
        const stream = table.clone().stream(pool, "5", { position, toHead });
        await expect(stream.next()).rejects.toMatchObject({
          code: "history_rewritten",
          message: expect.stringContaining("than the one that was passed") as string,
          details: { table: table.name, cursor: "5" },
        });
        expect(stream.position).toBe("5");
        expect(stream.anchor).toBeUndefined();
      }
    });

    // Catches an expectation that is given up when the row is missing at the start: a table that is filled again.
    test("ends with history_rewritten if another row comes while it asks after the one that is missing", async () => {
      const pool = await engine.createRawPool();
      setFaultConfirmMs(SLOW_CONFIRM_MS);
      onTestFinished(() => setFaultConfirmMs(CONFIRM_MS));
      const { table, position } = await consumed(pool);
      await pool.query(`truncate table ${table.name}`);
      const polls = new Reports<PollReport>();
      const stream = table.clone({ observer: { poll: polls.add } }).stream(pool, "5", { position });
      await stream.start();
      const next = stream.next();
      await polls.next(({ rows }) => rows === 0);
      setFaultConfirmMs(CONFIRM_MS);
      await insertEach(pool, table, idRange(1, 9));
      await expect(next).rejects.toMatchObject({ code: "history_rewritten" });
    });

    // Catches streams without the row at their cursor that are all judged by what one of them expects.
    test("is judged by its own position, though others wait at the same cursor", async () => {
      const pool = await engine.createRawPool();
      setFaultConfirmMs(SLOW_CONFIRM_MS);
      onTestFinished(() => setFaultConfirmMs(CONFIRM_MS));
      const { table, position } = await consumed(pool);
      await loseTail(pool, table, 4);
      const polls = new Reports<PollReport>();
      const fresh = table.clone({ observer: { poll: polls.add } });
      const [unknown, known] = [fresh.stream(pool, "5"), fresh.stream(pool, "5", { position })];
      await unknown.start();
      const delivered = take(unknown, 1);
      await polls.next(({ rows }) => rows === 0);
      await known.start();
      const next = known.next();
      await polls.next(({ rows }) => rows === 0);
      setFaultConfirmMs(CONFIRM_MS);
      await insertEach(pool, table, ["new 5", "new 6"]);
      await expect(next).rejects.toMatchObject({ code: "history_rewritten" });
      expect(await delivered).toEqual(["6"]);
      await unknown.close();
    });

    // Catches a nightly run that has reached the head at once, and never looks at what stands there now.
    test("and toHead ends with history_rewritten if exactly as many rows were inserted after a TRUNCATE", async () => {
      const pool = await engine.createRawPool();
      const { table, position } = await consumed(pool);
      expect(await rest(table.clone().stream(pool, "5", { position, toHead: true }))).toEqual([]);
      await pool.query(`truncate table ${table.name}`);
      await insertEach(pool, table, idRange(1, 5));
      const stream = table.clone().stream(pool, "5", { position, toHead: true });
      await expect(stream.next()).rejects.toMatchObject({ code: "history_rewritten", details: { cursor: "5" } });
    });

    // Catches events from memory whose first follows the cursor, while the row at the cursor is another one.
    test("is given no events from memory before the row at its cursor was found to be the right one", async () => {
      const pool = await engine.createRawPool();
      const { table } = await consumed(pool, { limit: 2 });
      await insertEach(pool, table, idRange(6, 12));
      const [behind, ahead] = [table.stream(pool, "2"), table.stream(pool, "2")];
      await behind.start();
      expect(await take(ahead, 6)).toEqual(idRange(3, 8));
      const [second] = await takeEvents(table.stream(pool, "1"), 1);
      const position = positionOf({ ...second, foreignId: "another" } as NonNullable<typeof second>);
      await expect(table.stream(pool, "2", { position }).next()).rejects.toMatchObject({ code: "history_rewritten" });
      for (const stream of [behind, ahead]) await stream.close();
    });
  });

  describe("a position that says nothing of the cursor", () => {
    // Catches an alarm where Go, older code or a person has moved the cursor since.
    test.each([
      { name: "of a row before it", change: (position: string) => position.replace(/^5:/, "4:") },
      { name: "of a row beyond it", change: (position: string) => position.replace(/^5:/, "50:") },
      { name: "that is none", change: () => "5" },
      { name: "of another make", change: (position: string) => `${position}:2` },
      { name: "that is empty", change: () => "" },
    ])("is ignored: one $name", async ({ change }) => {
      const pool = await engine.createRawPool();
      const { table, position } = await consumed(pool);
      await pool.query(`truncate table ${table.name}`);
      await insertEach(pool, table, idRange(1, 9));
      const stream = table.clone().stream(pool, "5", { position: change(position), toHead: true });
      expect(await rest(stream)).toEqual(idRange(6, 9));
    });

    test.each([{ fromHead: true }, { fromHead: false }])("is ignored without a cursor: %o", async (options) => {
      const pool = await engine.createRawPool();
      const { table, position } = await consumed(pool);
      await pool.query(`truncate table ${table.name}`);
      await insertEach(pool, table, idRange(1, 5));
      const stream = table.clone().stream(pool, "", { ...options, position });
      await stream.start();
      await insertEach(pool, table, ["6"]);
      expect(await take(stream, 1)).toEqual([options.fromHead ? "6" : "1"]);
      await stream.close();
    });
  });

  describe("a position whose row is there", () => {
    const zones = [undefined, "+02:00", "-05:30"];
    const zoneChanges = zones.flatMap((from) => zones.map((to) => ({ from, to })));

    // Catches a comparison of times as they are read, which the option changes for every row of the table.
    test.each(zoneChanges)("is no fault after storedZone was corrected from $from to $to", async ({ from, to }) => {
      const pool = await engine.createRawPool();
      const { table, position } = await consumed(pool, { timeColumn: "datetime", storedZone: from });
      await insertEach(pool, table, ["6"]);
      const corrected = table.clone({ storedZone: to });
      expect(await rest(corrected.stream(pool, "5", { position, toHead: true }))).toEqual(["6"]);
    });

    const changes: { name: string; before?: EventsTableOptions; after?: EventsTableOptions; sql: string[] }[] = [
      {
        name: "its times were given more digits",
        before: { timeColumn: "datetime" },
        after: { timeColumn: "datetime6" },
        sql: ["alter table TABLE modify timestamp datetime(6) not null"],
      },
      {
        name: "the table was copied and the copy put in its place",
        sql: [
          "create table TABLE_copy like TABLE",
          "insert into TABLE_copy select * from TABLE",
          "rename table TABLE to TABLE_old, TABLE_copy to TABLE",
        ],
      },
      {
        name: "a column was added",
        after: { metadataField: "metadata" },
        sql: ["alter table TABLE add column metadata blob null"],
      },
      {
        name: "its foreign ids were given another type of text",
        sql: ["alter table TABLE modify foreign_id text not null"],
      },
      { name: "the rows before it were pruned", sql: ["delete from TABLE where id < 5"] },
      { name: "it was pruned itself, with those before it", sql: ["delete from TABLE where id <= 5"] },
    ];

    // Catches false alarms, which are as bad as silence.
    test.each(changes)("is no fault after $name", async ({ before = {}, after = {}, sql }) => {
      const pool = await engine.createRawPool();
      const { table, position } = await consumed(pool, before);
      for (const statement of sql) await pool.query(statement.replaceAll("TABLE", table.name));
      const changed = table.clone(after);
      await insertEach(pool, changed, ["6"]);
      expect(await rest(changed.stream(pool, "5", { position, toHead: true }))).toEqual(["6"]);
    });

    // Catches a replica that lags taken for a fault: its row is missing at the start, and comes as it was.
    test("is no fault if the row comes a little later", async () => {
      const pool = await engine.createRawPool();
      setFaultConfirmMs(SLOW_CONFIRM_MS);
      onTestFinished(() => setFaultConfirmMs(CONFIRM_MS));
      const { table, position } = await consumed(pool);
      await pool.query(`create table ${table.name}_copy as select * from ${table.name}`);
      await loseTail(pool, table, 4);
      const polls = new Reports<PollReport>();
      const stream = table.clone({ observer: { poll: polls.add } }).stream(pool, "5", { position });
      await stream.start();
      expect(stream.anchor).toBeUndefined();
      const next = take(stream, 1);
      await polls.next(({ rows }) => rows === 0);
      await pool.query(`insert into ${table.name} select * from ${table.name}_copy where id = 5`);
      await polls.next(({ rows }) => rows === 1);
      await insertEach(pool, table, ["6"]);
      expect(await next).toEqual(["6"]);
      await stream.close();
    });
  });
});
