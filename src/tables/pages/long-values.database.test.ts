import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { describeEachDatabase } from "../../../test/support/databases/test-database.ts";
import { allOf } from "../../../test/support/events/all-of.ts";
import { makeTable, take, takeEvents } from "../../../test/support/streams/streams.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import type { PollReport } from "../../reflex/observer.ts";
import type { EventsTable } from "../events-table.ts";
import { eventMemory } from "./event-memory.ts";

const KIB = 1024;
const FIELDS = { metadataField: "metadata", traceField: "trace" } as const;

/** What an event carries: undefined, or how many bytes. */
interface Sizes {
  readonly metadata: number | undefined;
  readonly trace: number | undefined;
}

// Of each kind some, the long ones alone, next to one another, and at both ends.
const sizes: readonly Sizes[] = [
  { metadata: 300 * KIB, trace: undefined },
  { metadata: undefined, trace: undefined },
  { metadata: 0, trace: 0 },
  { metadata: 10, trace: undefined },
  { metadata: undefined, trace: 200 * KIB },
  { metadata: 200 * KIB, trace: 0 },
  { metadata: 0, trace: 200 * KIB },
  { metadata: 3 * KIB, trace: 3 * KIB },
  { metadata: 100 * KIB, trace: 100 * KIB },
  { metadata: 10, trace: 10 },
  { metadata: 1024 * KIB, trace: 5 },
];

const bytesOf = (size: number | undefined, fill: number): Buffer | undefined =>
  size === undefined ? undefined : Buffer.alloc(size, fill % 251);

function digest(bytes: Uint8Array | undefined): string {
  return bytes === undefined
    ? "none"
    : `${bytes.byteLength} ${createHash("sha1").update(bytes).digest("base64").slice(0, 8)}`;
}

const shown = ({ id, metadata, trace }: Pick<ReflexEvent, "id" | "metadata" | "trace">): string =>
  `${id}: ${digest(metadata)}, ${digest(trace)}`;

/** What a stream has to deliver of `count` events of these sizes. */
function expected(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const { metadata, trace } = sizes[index % sizes.length] ?? { metadata: undefined, trace: undefined };
    return shown({ id: String(index + 1), metadata: bytesOf(metadata, index), trace: bytesOf(trace, index + 1) });
  });
}

describeEachDatabase(({ engine, open, sql }) => {
  /** A table of so many events of all sizes. */
  async function filledTable(count: number, options: object = {}): Promise<EventsTable> {
    const db = await open();
    let trace: Buffer | undefined;
    const table = await makeTable(db, { ...FIELDS, ...options, trace: () => trace });
    // The columns that the library makes take less.
    if (engine !== undefined) await sql(`alter table ${table.name} modify metadata longblob, modify trace longblob`);
    for (let index = 0; index < count; index++) {
      const size = sizes[index % sizes.length];
      trace = bytesOf(size?.trace, index + 1);
      const metadata = bytesOf(size?.metadata, index);
      if (metadata === undefined) await table.insert(db, "x", 1);
      else await table.insertWithMetadata(db, "x", 1, metadata);
    }
    return table;
  }

  describe("values too long for a page", () => {
    // Catches one that is delivered as undefined, or as that of another row.
    test.each([
      { name: "pages as they come", options: {} },
      { name: "pages of 4 rows", options: { limit: 4 } },
      { name: "pages of 1 row", options: { limit: 1 } },
      { name: "no cache", options: { cache: false } },
      { name: "noops included", options: { includeNoops: true } },
    ])("are delivered whole, with $name", async ({ options }) => {
      const count = 3 * sizes.length;
      const table = await filledTable(count, options);
      const db = await open();
      expect((await allOf(table.stream(db, "", { toHead: true }))).map(shown)).toEqual(expected(count));
      const batches: ReflexEvent[] = [];
      for await (const batch of table.stream(db, "5", { toHead: true }).batches()) batches.push(...batch);
      expect(batches.map(shown)).toEqual(expected(count).slice(5));
      expect(eventMemory.heldBytes).toBe(0);
    });

    // Catches values that are kept for other streams without being there.
    test("are delivered to each of several streams, at one place and at others", async () => {
      const count = 2 * sizes.length;
      const table = await filledTable(count);
      const db = await open();
      const streams = [0, 0, 3, 10].map((after) => table.stream(db, after === 0 ? "" : String(after)));
      await Promise.all(streams.map((stream) => stream.start()));
      const read = await Promise.all(
        [0, 0, 3, 10].map((after, index) => takeEvents(streams[index] as (typeof streams)[0], count - after)),
      );
      expect(read.map((events) => events.map(shown))).toEqual(
        [0, 0, 3, 10].map((after) => expected(count).slice(after)),
      );
      await Promise.all(streams.map((stream) => stream.close()));
      expect(eventMemory.heldBytes).toBe(0);
    });

    // Catches a column of another type that is not read as bytes, and a value that a cast would change.
    test("are bytes also where a column holds text", async () => {
      const db = await open();
      const table = await makeTable(db, FIELDS);
      const text = "ä".repeat(60 * KIB);
      await sql(
        `insert into ${table.name} (foreign_id, type, timestamp, metadata) values ('x', 1, '2026-01-02 03:04:05', '${text}'), ('x', 1, '2026-01-02 03:04:05', 'ä')`,
      );
      const events = await allOf(table.stream(db, "", { toHead: true }));
      expect(events.map(({ metadata }) => Buffer.from(metadata ?? []).toString())).toEqual([text, "ä"]);
    });

    // Catches rows that are read again since one among them is long.
    test("do not make a stream read any row twice", async () => {
      const db = await open();
      const polls: PollReport[] = [];
      const table = await makeTable(db, { ...FIELDS, observer: { poll: (poll) => polls.push(poll) } });
      const events = Array.from({ length: 3000 }, (_, index) => ({
        foreignId: "x",
        type: 1,
        metadata: Buffer.alloc(index % 1000 === 500 ? 1024 * KIB : 10),
      }));
      for (let from = 0; from < events.length; from += 500) await table.insertMany(db, events.slice(from, from + 500));
      const stream = table.stream(db, "");
      await take(stream, events.length);
      await stream.close();
      const rows = polls.reduce((sum, poll) => sum + poll.rows, 0);
      // Each page begins with the last row of the one before.
      expect(rows).toBeLessThan(events.length + 2 * polls.length);
    });
  });
}, "each driver");
