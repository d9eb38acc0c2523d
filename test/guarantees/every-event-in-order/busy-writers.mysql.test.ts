import type { Pool } from "mysql2/promise";
import { type EventStream, type EventsTable, transaction } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { describeEachServer } from "../../support/servers/engines.ts";
import { eventIds, noopIds } from "../../support/streams/gaps.ts";
import { makeTable } from "../../support/streams/streams.ts";

const WRITERS = 30;
const TRANSACTIONS = 240;
const ROLLED_BACK = TRANSACTIONS / 6;

/** Every event until one of this foreign id, as it came. */
async function untilMarked(stream: EventStream, foreignId: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const event of stream) {
    ids.push(event.id);
    if (event.foreignId === foreignId) return ids;
  }
  return ids;
}

/** Inserts one event a transaction, every sixth of which rolls back. Resolves with the ids that were acknowledged. */
async function write(pool: Pool, table: EventsTable): Promise<string[]> {
  const acknowledged: string[] = [];
  const undo = new Error("rolled back");
  for (let round = 1; round <= TRANSACTIONS; round++) {
    const inserted = transaction(pool, async (tx) => {
      const { eventId } = await table.insert(tx, "x", 1);
      if (round % 6 === 0) throw undo;
      return eventId;
    });
    const id = await inserted.catch((error: unknown) => {
      if (error !== undo) throw error;
      return undefined;
    });
    if (id !== undefined) acknowledged.push(id);
  }
  return acknowledged;
}

const ascending = (ids: readonly string[]): string[] => ids.toSorted((a, b) => Number(a) - Number(b));

describeEachServer((engine) => {
  describe("under thirty writers whose transactions commit in any order and often roll back", () => {
    // Catches ids that are taken for dead in memory, without the row that keeps their writer out: some of those commit.
    test("streams with and without a grace deliver every acknowledged event once, in order", async () => {
      const pool = await engine.createRawPool({ connectionLimit: WRITERS });
      const reading = await engine.createRawPool();
      const table = await makeTable(pool);
      const streams = [table.stream(reading, ""), table.clone().stream(reading, "", { gaps: { graceMs: 0 } })];
      const reads = streams.map((stream) => untilMarked(stream, "the end"));
      const written = await Promise.all(Array.from({ length: WRITERS }, () => write(pool, table)));
      const last = await table.insert(pool, "the end", 1);
      const acknowledged = ascending([...written.flat(), last.eventId ?? ""]);
      for (const delivered of await Promise.all(reads)) expect(delivered).toEqual(acknowledged);
      expect(await eventIds(pool, table)).toEqual(acknowledged);
      expect((await noopIds(pool, table)).length).toBeGreaterThanOrEqual(WRITERS * ROLLED_BACK);
      await Promise.all(streams.map((stream) => stream.close()));
    });
  });
});
