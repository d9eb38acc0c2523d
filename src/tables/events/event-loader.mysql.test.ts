import { describe, expect, test } from "vitest";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { idRange, leaveGap, noopIds, Reports } from "../../../test/support/streams/gaps.ts";
import { eventWithId, fixed, load, MICROS, ownColumns } from "../../../test/support/streams/loaders.ts";
import { insertEach, makeTable, nothingWithin, openInsert, rest, take } from "../../../test/support/streams/streams.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import type { StallReport } from "../../reflex/observer.ts";
import { EventsTable } from "../events-table.ts";
import { fillGaps } from "../gaps/fill-gaps.ts";
import type { EventsLoader } from "./loader-and-inserter.ts";
import { makeEvent } from "./make-event.ts";

describeEachServer((engine) => {
  describe("a stream of a table with a loader", () => {
    // Catches a loader that replaces only some of the reads, so that its payload is missing at a start, or page ends.
    test("delivers every event with the payload that the loader joins, page by page, to the head and beyond it", async () => {
      const pool = await engine.createRawPool();
      const plain = await makeTable(pool);
      await pool.query(`create table ${plain.name}_payload (order_id varchar(20) primary key, body text)`);
      const table = plain.clone({
        limit: 3,
        loader: (db, request) =>
          load(
            db,
            `select cast(e.id as char) as id, e.type, e.foreign_id as foreignId, ${MICROS}, p.body as metadata
               from ${plain.name} e left join ${plain.name}_payload p on p.order_id = e.foreign_id`,
            request,
          ),
      });
      const foreignIds = idRange(1, 11).map((id) => `o${id}`);
      for (const id of foreignIds) await pool.query(`insert into ${plain.name}_payload values (?, ?)`, [id, `p-${id}`]);
      await table.insertMany(
        pool,
        foreignIds.map((foreignId) => ({ foreignId, type: 2 })),
      );
      const events: ReflexEvent[] = [];
      for await (const event of table.stream(pool, "", { toHead: true })) events.push(event);
      expect(events.map(({ id, metadata }) => `${id} ${String(metadata)}`)).toEqual(
        idRange(1, 11).map((id) => `${id} p-o${id}`),
      );
      const stream = table.stream(pool, "5");
      expect(await take(stream, 6)).toEqual(idRange(6, 11));
      const pending = take(stream, 1);
      await table.insert(pool, "o1", 1);
      expect(await pending).toEqual(["12"]);
      expect(await rest(table.stream(pool, "", { fromHead: true, toHead: true }))).toEqual([]);
      await stream.close();
    });

    // Catches a schema check that asks for columns which only the table's own query needs.
    test("reads a table of another layout, of which only the id column must be there", async () => {
      const pool = await engine.createRawPool();
      await pool.query("create table ledger (entry bigint auto_increment primary key, account int, cents bigint)");
      const loader: EventsLoader = async (db, { after, limit }) => {
        const rows = await db.rows<{ entry: string; account: number; cents: string }>(
          `select cast(entry as char) as entry, account, cast(cents as char) as cents from ledger where entry > ? order by ledger.entry limit ${limit}`,
          [after],
        );
        return rows.map(({ entry, account, cents }) =>
          makeEvent({ id: entry, type: 1, foreignId: account, timestampMicros: 1e15, metadata: cents }),
        );
      };
      const table = new EventsTable("ledger", { idField: "entry", loader });
      await pool.query("insert into ledger (account, cents) values (7, 100), (8, -100)");
      const stream = table.stream(pool, "");
      const { value } = (await stream.next()) as { value: ReflexEvent };
      expect(value).toMatchObject({ id: "1", foreignId: "7", timestampMicros: 1e15 });
      expect(String(value.metadata)).toBe("100");
      expect(value.timestamp).toEqual(new Date(1e12));
      expect(await take(stream, 1)).toEqual(["2"]);
      await stream.close();
      const wrong = new EventsTable("ledger", { idField: "id", loader }).stream(pool, "");
      await expect(wrong.next()).rejects.toMatchObject({ code: "wrong_schema" });
    });

    // Catches a request after the position itself, which would leave the anchor out, and a limit without room for it.
    test("asks for the row at its position and one more than a page", async () => {
      const pool = await engine.createRawPool();
      const plain = await makeTable(pool);
      await insertEach(pool, plain, idRange(1, 9));
      const requests: string[] = [];
      const own = ownColumns(plain.name);
      const table = plain.clone({
        limit: 2,
        cache: false,
        loader: (db, request) => {
          requests.push(`${request.after} ${request.limit}`);
          return own(db, request);
        },
      });
      expect(await rest(table.stream(pool, "4", { toHead: true }))).toEqual(["5", "6", "7", "8", "9"]);
      expect(requests.slice(0, 3)).toEqual(["3 1", "3 3", "5 3"]);
    });

    // Catches an unchecked page: ids out of order would be skipped or delivered twice.
    test.each([
      { what: "ids that descend", ids: ["1", "3", "2"], previous: "3", id: "2" },
      { what: "an id twice", ids: ["1", "1"], previous: "1", id: "1" },
      { what: "an id that was not asked for", ids: ["0"], previous: "0", id: "0" },
      { what: "an id that is no number", ids: ["1", "abc"], previous: "1", id: "abc" },
      { what: "an id with a leading zero", ids: ["01"], previous: "0", id: "01" },
      { what: "an id of type number", ids: [1], previous: "0", id: "1" },
      { what: "an id beyond 63 bits", ids: ["9223372036854775808"], previous: "0", id: "9223372036854775808" },
    ])("ends with non_consecutive_event at $what", async ({ ids, previous, id }) => {
      const pool = await engine.createRawPool();
      const plain = await makeTable(pool);
      const stream = plain.clone({ loader: fixed(...ids.map(eventWithId)) }).stream(pool, "");
      await expect(stream.next()).rejects.toMatchObject({
        code: "non_consecutive_event",
        details: { table: plain.name, previous, id },
      });
    });

    // Catches a copy of what is no event: text as a type would pass every filter.
    test.each([
      ["no array", { events: [] }],
      ["a type that is text", [{ ...eventWithId("1"), type: "1" }]],
      ["no time", [{ ...eventWithId("1"), timestampMicros: undefined }]],
    ])("ends with invalid_argument when the loader returns %s", async (_, events) => {
      const pool = await engine.createRawPool();
      const plain = await makeTable(pool);
      const loader: EventsLoader = () => Promise.resolve(events as unknown as ReflexEvent[]);
      await expect(plain.clone({ loader }).stream(pool, "").next()).rejects.toMatchObject({ code: "invalid_argument" });
    });

    // Catches pages that grow with what a loader returns: the stream's pages are what its limit says.
    test("takes no more than it asked for from a loader that returns everything", async () => {
      const pool = await engine.createRawPool();
      const plain = await makeTable(pool);
      await insertEach(pool, plain, idRange(1, 10));
      const own = ownColumns(plain.name);
      const polls: number[] = [];
      const table = plain.clone({
        limit: 4,
        loader: (db, request) => own(db, { ...request, limit: 1000 }),
        observer: { poll: ({ rows }) => void polls.push(rows) },
      });
      const sizes: number[] = [];
      for await (const page of table.stream(pool, "", { toHead: true }).batches()) sizes.push(page.length);
      expect(sizes).toEqual([4, 4, 2]);
      expect(Math.max(...polls)).toBe(5);
    });

    // Catches a default that overrides the option.
    test("closes gaps when the option gaps is given, and waits for one that is in flight", async () => {
      const pool = await engine.createRawPool();
      const plain = await makeTable(pool);
      const table = plain.clone({ loader: ownColumns(plain.name), gaps: {} });
      await leaveGap(pool, table);
      await table.insert(pool, "b", 1);
      const late = await openInsert(pool, table);
      await table.insert(pool, "d", 1);
      const stream = table.stream(pool, "");
      expect(await take(stream, 1)).toEqual(["2"]);
      const pending = take(stream, 2);
      await expect(Promise.race([pending, nothingWithin(300)])).resolves.toBe("nothing");
      await late.commit();
      expect(await pending).toEqual(["3", "4"]);
      await stream.close();
    });

    // Catches noops inserted into a table of which the loader may show anything, without anyone's word.
    test.concurrent("waits at a gap with the reason filling_off and inserts no noop, until fillGaps() is called", async () => {
      const pool = await engine.createRawPool();
      const stalls = new Reports<StallReport>();
      const plain = await makeTable(pool);
      const table = plain.clone({ loader: ownColumns(plain.name), observer: { stall: stalls.add } });
      await table.insert(pool, "a", 1);
      await leaveGap(pool, table);
      await table.insert(pool, "c", 1);
      const stream = table.stream(pool, "1");
      const pending = take(stream, 1);
      const stall = await stalls.first();
      expect(stall).toMatchObject({ reason: "filling_off", prev: "1", next: "3" });
      expect(stall.message).toContain("fillGaps()");
      expect(await noopIds(pool, table)).toEqual([]);
      fillGaps(pool, table);
      expect(await pending).toEqual(["3"]);
      expect(await noopIds(pool, table)).toEqual(["2"]);
      await stream.close();
    });

    // Catches a loader that filters: without a word the stream would wait for ever at what looks like the head.
    test.concurrent("says within seconds when the loader returns nothing beyond a row although there are more", async () => {
      const pool = await engine.createRawPool();
      const stalls = new Reports<StallReport>();
      const plain = await makeTable(pool);
      const own = ownColumns(plain.name);
      const table = plain.clone({
        loader: async (db, request) => (await own(db, request)).filter(({ type }) => type !== 9),
        observer: { stall: stalls.add },
      });
      await table.insertMany(
        pool,
        [1, 9].map((type) => ({ foreignId: "x", type })),
      );
      const stream = table.stream(pool, "");
      expect(await take(stream, 1)).toEqual(["1"]);
      const pending = take(stream, 1);
      const stall = await stalls.first();
      expect(stall).toMatchObject({ reason: "lagging", prev: "1", next: "2" });
      expect(stall.message).toContain("loader");
      await stream.close();
      await pending;
    });
  });
});
