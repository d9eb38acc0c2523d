import { CursorsTable, createConsumer, createTables, run } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { describeEachServer } from "../../support/servers/engines.ts";
import { leaveGap, noopIds } from "../../support/streams/gaps.ts";
import { makeTable, openInsert, take } from "../../support/streams/streams.ts";

describeEachServer((engine) => {
  describe("a stream from the head", () => {
    // Catches MAX(id) as the start: what is open below it commits after the call.
    test("delivers what commits below several gaps after the call, and nothing that was committed before", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await table.insert(pool, "1, before", 1);
      const second = await openInsert(pool, table);
      await table.insert(pool, "3, before", 1);
      const fourth = await openInsert(pool, table, ["4", "5"]);
      await table.insert(pool, "6, before", 1);
      await leaveGap(pool, table);
      await table.insert(pool, "8, before", 1);
      const stream = table.stream(pool, "", { fromHead: true });
      expect(await stream.start()).toBe("1");
      const after = take(stream, 4);
      await table.insert(pool, "9, after", 1);
      await fourth.commit();
      await second.commit();
      expect(await after).toEqual(["2", "4", "5", "9"]);
      expect(await noopIds(pool, table)).toEqual(["7"]);
      await stream.close();
    });

    // Catches a start at the first visible row of a table that is empty at the call.
    test("delivers everything of a table that was empty at the call, an open lower id first", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      const late = await openInsert(pool, table);
      const stream = table.stream(pool, "", { fromHead: true });
      expect(await stream.start()).toBe("0");
      const all = take(stream, 2);
      await table.insert(pool, "second", 1);
      await late.commit();
      expect(await all).toEqual(["1", "2"]);
      await stream.close();
    });

    // Catches a head read in a transaction or from the highest id that READ UNCOMMITTED shows.
    test("delivers an id above the head that was open at the call", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await table.insert(pool, "before", 1);
      const open = await openInsert(pool, table);
      const stream = table.stream(pool, "", { fromHead: true });
      expect(await stream.start()).toBe("1");
      await open.commit();
      expect(await take(stream, 1)).toEqual(["2"]);
      await stream.close();
    });

    // Catches a run whose start is written with its first event only: a restart would take a new head.
    test("loses nothing when a run restarts before its first event, not what was open at its start either", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      const cursors = new CursorsTable(`${table.name}_cursors`);
      await createTables(pool, [cursors]);
      await table.insert(pool, "1, before", 1);
      const open = await openInsert(pool, table);
      await table.insert(pool, "3, before", 1);
      const consumed: string[] = [];
      const [stopped, finished] = [new AbortController(), new AbortController()];
      const consumer = createConsumer("restarted", (event) => {
        consumed.push(event.id);
        if (event.id === "4") finished.abort(new Error("finished"));
      });
      const spec = { stream: table.toStream(pool), consumer, options: { fromHead: true } };
      const aborted = run({ ...spec, cursors: cursors.toStore(pool) }, { signal: stopped.signal });
      await expect.poll(() => cursors.clone().getCursor(pool, "restarted"), { timeout: 10_000 }).toBe("1");
      stopped.abort(new Error("stopped"));
      await expect(aborted).rejects.toThrow("stopped");
      expect(consumed).toEqual([]);
      await open.commit();
      await table.insert(pool, "4, between", 1);
      const again = run({ ...spec, cursors: cursors.clone().toStore(pool) }, { signal: finished.signal });
      await expect(again).rejects.toThrow("finished");
      expect(consumed.filter((id) => id !== "3")).toEqual(["2", "4"]);
    });
  });
});
