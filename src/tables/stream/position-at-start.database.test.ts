import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeEachDatabase } from "../../../test/support/databases/test-database.ts";
import { makeTable, rest, take, takeEvents } from "../../../test/support/streams/streams.ts";
import { created, newTableName } from "../../../test/support/tables/new-tables.ts";
import { positionOf } from "../../reflex/event-position.ts";
import type { EventStream } from "../../reflex/stream.ts";
import { EventsTable } from "../events-table.ts";
import { EventsTableInt } from "../events-table-int.ts";
import { setFaultConfirmMs } from "../reader/confirm-time.ts";

// Position faults in tests are confirmed soon.
const CONFIRM_MS = 100;

describeEachDatabase(({ open, sql }) => {
  beforeAll(() => setFaultConfirmMs(CONFIRM_MS));
  afterAll(() => setFaultConfirmMs());

  /** The position at the last event that the stream gives. */
  async function positionAtEnd(stream: EventStream): Promise<string> {
    const last = (await takeEvents(stream, Number.POSITIVE_INFINITY)).at(-1);
    if (last === undefined) throw new Error("the stream gave no event");
    return positionOf(last);
  }

  describe("a stream that starts with a position", () => {
    const kinds = [
      {
        kind: "text",
        make: () => new EventsTable(newTableName("events")),
        ids: ["Öl \u{1f600}", " o-1 ", "O-1", "o-2"],
      },
      {
        kind: "integers",
        make: () => new EventsTableInt(newTableName("events")),
        ids: [-1n, 0n, 2n ** 63n - 1n, 4n],
      },
      {
        kind: "bytes",
        make: () => new EventsTable(newTableName("events"), { foreignIdColumn: "binary" }),
        ids: ["", "00ff", "00FF", "01"],
      },
    ];

    // Catches foreign ids whose form depends on how the row was read.
    test.each(kinds)("goes on if the row at the cursor is that of the position: $kind", async ({ make, ids }) => {
      const db = await open();
      const table = (await created(db, make())) as EventsTable;
      await table.insertMany(
        db,
        ids.map((foreignId) => ({ foreignId: foreignId as string, type: 1 })),
      );
      for await (const event of table.stream(db, "", { toHead: true })) {
        const stream = table.clone().stream(db, event.id, { position: positionOf(event), toHead: true });
        await stream.start();
        expect(stream.anchor).toEqual(event);
        expect(await rest(stream)).toHaveLength(ids.length - Number(event.id));
      }
    });

    // Catches a table that was emptied and filled again while nobody ran, as a restore of a file is.
    test.each([{ rows: 2 }, { rows: 5 }])("ends if that row is another one: $rows rows", async ({ rows }) => {
      const db = await open();
      const table = await makeTable(db, { backoffMs: 20 });
      const events = (foreignId: string, count: number): { foreignId: string; type: number }[] =>
        Array.from({ length: count }, () => ({ foreignId, type: 1 }));
      await table.insertMany(db, events("old", 2));
      const position = await positionAtEnd(table.stream(db, "", { toHead: true }));
      await sql(`delete from ${table.name}`);
      for (let id = 1; id <= rows; id++) {
        await sql(
          `insert into ${table.name} (id, foreign_id, timestamp, type) values (${id}, 'new', '2026-01-01 00:00:00', 1)`,
        );
      }
      for (const toHead of [false, true]) {
        const stream = table.clone().stream(db, "2", { position, toHead });
        await expect(stream.next()).rejects.toMatchObject({ code: "history_rewritten", details: { cursor: "2" } });
      }
    });
  });

  describe("a stream of a table", () => {
    test("names its table, and knows the row that it started after", async () => {
      const db = await open();
      const table = await makeTable(db);
      await table.insertMany(
        db,
        ["a", "b", "c"].map((foreignId) => ({ foreignId, type: 1 })),
      );
      const options = [{}, { lagMs: 1 }];
      for (const own of options) {
        const stream = table.stream(db, "2", own);
        expect([stream.table, stream.anchor]).toEqual([table.name, undefined]);
        await stream.start();
        expect(stream.anchor).toMatchObject({ id: "2", foreignId: "b" });
        // The row that it started after stays that one.
        expect(await take(stream, 1)).toEqual(["3"]);
        expect(stream.anchor?.id).toBe("2");
        await stream.close();
      }
      const fromHead = table.stream(db, "", { fromHead: true });
      expect(await fromHead.start()).toBe("3");
      expect(fromHead.anchor).toMatchObject({ id: "3", foreignId: "c" });
      await fromHead.close();
      const whole = table.stream(db, "");
      await whole.start();
      expect(whole.anchor).toBeUndefined();
      await whole.close();
    });
  });
}, "each driver");
