import type { EventsTable } from "reflex-rsql";
import { beforeAll, describe, expect, test } from "vitest";
import { describeEachEngine } from "../../../test/support/servers/engines.ts";
import { idRange } from "../../../test/support/streams/gaps.ts";
import { insertMany, makeTable, nothingWithin, openInsert, take } from "../../../test/support/streams/streams.ts";

// Full pages, so that the next is under way when a stream is left in the middle of one.
const LIMIT = 100;
const ROWS = 1000;

describeEachEngine((engine) => {
  // Drivers end a pool once the statements under way have been answered: those on a connection that was closed under it never
  // are, and a service that shuts down would hang.
  describe("a pool can be ended right after a stream", () => {
    let table: EventsTable;

    beforeAll(async () => {
      const pool = await engine.createRawPool();
      table = await makeTable(pool, { limit: LIMIT });
      await insertMany(pool, table, ROWS);
    });

    test.each([1, LIMIT - 1, LIMIT, LIMIT + 1, 3.5 * LIMIT, 4 * LIMIT, ROWS - 1])(
      "was left after event %i",
      async (last) => {
        const pool = await engine.createPool();
        for await (const { id } of table.stream(pool, "")) if (id === String(last)) break;
        expect(await pool.end()).toBeUndefined();
      },
    );

    test("was left after a batch", async () => {
      const pool = await engine.createPool();
      let batches = 0;
      for await (const _ of table.stream(pool, "").batches()) if (++batches === 3) break;
      expect(await pool.end()).toBeUndefined();
    });

    test("came to its end", async () => {
      const pool = await engine.createPool();
      let count = 0;
      for await (const _ of table.stream(pool, "", { toHead: true })) count++;
      expect(count).toBe(ROWS);
      expect(await pool.end()).toBeUndefined();
    });

    test("was closed while it waited at the head", async () => {
      const pool = await engine.createPool();
      const stream = table.stream(pool, String(ROWS - 5));
      expect(await take(stream, 5)).toEqual(idRange(ROWS - 4, ROWS));
      const pending = stream.next();
      await nothingWithin(100);
      await stream.close();
      expect(await pool.end()).toBeUndefined();
      expect(await pending).toEqual({ done: true, value: undefined });
    });

    test("was aborted in the middle", async () => {
      const pool = await engine.createPool();
      const controller = new AbortController();
      const stream = table.stream(pool, "", { signal: controller.signal });
      expect(await take(stream, 250)).toEqual(idRange(1, 250));
      controller.abort(new Error("enough"));
      await expect(stream.next()).rejects.toThrow("enough");
      expect(await pool.end()).toBeUndefined();
    });

    test("was aborted while it waited at a gap", async () => {
      const [pool, raw] = [await engine.createPool(), await engine.createRawPool()];
      const held = await makeTable(raw);
      await held.insert(raw, "first", 1);
      const open = await openInsert(raw, held);
      await held.insert(raw, "third", 1);
      const controller = new AbortController();
      const stream = held.stream(pool, "", { signal: controller.signal });
      expect(await take(stream, 1)).toEqual(["1"]);
      const pending = stream.next();
      await nothingWithin(100);
      controller.abort(new Error("enough"));
      await expect(pending).rejects.toThrow("enough");
      expect(await pool.end()).toBeUndefined();
      await open.rollback();
    });
  });
});
