import { describe, expect, test } from "vitest";
import { fillGaps, stopFillingGaps } from "../../src/tables/gaps/fill-gaps.ts";
import type { Gap } from "../../src/tables/gaps/gap-control.ts";
import { seededNumbers } from "../support/random/seeded-numbers.ts";
import { describeEachServer } from "../support/servers/engines.ts";
import { untilLockWait } from "../support/servers/server-state.ts";
import { eventIds, idRange, leaveGap, noopIds, Reports } from "../support/streams/gaps.ts";
import { makeTable, nothingWithin, openInsert, rest, take } from "../support/streams/streams.ts";

describeEachServer((engine) => {
  describe("a stream at a gap", () => {
    // Catches a second gap that is taken for the first's end, or closed before its turn.
    test("passes two gaps in a row, telling of each once", async () => {
      const pool = await engine.createRawPool();
      const gaps = new Reports<Gap>();
      const table = await makeTable(pool);
      table.listenGaps(gaps.add);
      await table.insert(pool, "1", 1);
      await leaveGap(pool, table);
      await table.insert(pool, "3", 1);
      await leaveGap(pool, table, 2);
      await table.insert(pool, "6", 1);
      const stream = table.stream(pool, "");
      expect(await take(stream, 3)).toEqual(["1", "3", "6"]);
      expect(await noopIds(pool, table)).toEqual(["2", "4", "5"]);
      expect(gaps.all).toEqual([
        { prev: "1", next: "3" },
        { prev: "3", next: "6" },
      ]);
      await stream.close();
    });

    // Catches any combination of gap sizes, places and ends that loses, reorders or invents an event.
    test("passes a hundred random gaps, of transactions that commit late and that roll back", async () => {
      const pool = await engine.createRawPool({ connectionLimit: 20 });
      const table = await makeTable(pool, { limit: 16 });
      const random = seededNumbers();
      const stream = table.stream(pool, "");
      const seen: string[] = [];
      const reading = (async () => {
        for await (const { id } of stream) seen.push(id);
      })();
      const open: Awaited<ReturnType<typeof openInsert>>[] = [];
      const end = async (): Promise<void> => {
        const [transaction] = open.splice(Math.floor(random() * open.length), 1);
        await (random() < 0.5 ? transaction?.commit() : transaction?.rollback());
      };
      for (let gap = 0; gap < 100; gap++) {
        const size = 1 + Math.floor(random() * 4);
        open.push(
          await openInsert(
            pool,
            table,
            Array.from({ length: size }, () => `gap ${gap}`),
          ),
        );
        if (random() < 0.7) await table.insert(pool, "between", 1);
        while (open.length > 8 || (open.length > 0 && random() < 0.4)) await end();
      }
      while (open.length > 0) await end();
      await table.insert(pool, "last", 1);
      const all = await rest(table.clone().stream(pool, "", { toHead: true }));
      expect(all).toEqual(await eventIds(pool, table));
      const last = all.at(-1) ?? "";
      while (seen.at(-1) !== last) await nothingWithin(5);
      await stream.close();
      await reading;
      expect(seen).toEqual(all);
      const stored = [...all, ...(await noopIds(pool, table))].map(Number).toSorted((a, b) => a - b);
      expect(stored.map(String)).toEqual(idRange(1, Number(last)));
    });

    // Catches a stream that passes a gap whose transaction is open, and noops where the transaction commits.
    test("waits for the commit of an open transaction, and inserts no noop then", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await table.insert(pool, "1", 1);
      const late = await openInsert(pool, table, ["2", "3"]);
      await table.insert(pool, "4", 1);
      const stream = table.stream(pool, "1");
      const pending = take(stream, 3);
      await expect(Promise.race([pending, nothingWithin(300)])).resolves.toBe("nothing");
      await late.commit();
      expect(await pending).toEqual(["2", "3", "4"]);
      expect(await noopIds(pool, table)).toEqual([]);
      await stream.close();
    });

    // Catches a gap of a rolled-back transaction that stays open until someone calls.
    test("goes on after the rollback of an open transaction, behind noops", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await table.insert(pool, "1", 1);
      const late = await openInsert(pool, table, ["2", "3"]);
      await table.insert(pool, "4", 1);
      const stream = table.stream(pool, "1");
      const pending = take(stream, 1);
      await expect(Promise.race([pending, nothingWithin(300)])).resolves.toBe("nothing");
      await late.rollback();
      expect(await pending).toEqual(["4"]);
      expect(await noopIds(pool, table)).toEqual(["2", "3"]);
      await stream.close();
    });
  });

  describe("stopFillingGaps()", () => {
    // Catches a stop that lets a filler go on, and a fillGaps() after it that does not start one.
    test("leaves gaps open until fillGaps() is called again", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      fillGaps(pool, table);
      await leaveGap(pool, table);
      await table.insert(pool, "2", 1);
      const stream = table.stream(pool, "");
      expect(await take(stream, 1)).toEqual(["2"]);
      await stopFillingGaps(table);
      await leaveGap(pool, table);
      await table.insert(pool, "4", 1);
      const pending = take(stream, 1);
      await expect(Promise.race([pending, nothingWithin(400)])).resolves.toBe("nothing");
      expect(await noopIds(pool, table)).toEqual(["1"]);
      fillGaps(pool, table);
      expect(await pending).toEqual(["4"]);
      await stream.close();
    });

    // Catches Go's stop, which waits for ever where nothing was started.
    test("returns at once where nothing is being filled, again and again", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await stopFillingGaps(table);
      await stopFillingGaps(table, { timeoutMs: 1 });
      await expect(stopFillingGaps({})).rejects.toMatchObject({ code: "invalid_argument" });
    });

    // Catches a stop that waits for a noop behind a lock whatever its limit says, and one that undoes itself at the limit.
    test("gives up waiting at its time limit or signal while a noop waits for a lock, and has stopped the filling", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      await leaveGap(pool, table);
      await table.insert(pool, "2", 1);
      const locker = await pool.getConnection();
      // Locks the gap below row 2, where the noop goes.
      await locker.query("set transaction isolation level repeatable read");
      await locker.beginTransaction();
      await locker.query(`select * from ${table.name} where id < 2 for update`);
      const stream = table.stream(pool, "");
      const pending = take(stream, 1);
      await untilLockWait(pool);
      await expect(stopFillingGaps(table, { timeoutMs: 20 })).rejects.toMatchObject({ code: "time_limit" });
      const reason = new Error("no more patience");
      await expect(stopFillingGaps(table, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      await stopFillingGaps(table);
      await locker.rollback();
      locker.release();
      await expect(Promise.race([pending, nothingWithin(300)])).resolves.toBe("nothing");
      expect(await noopIds(pool, table)).toEqual([]);
      await stream.close();
      await pending;
    });
  });

  // Catches a clone whose filling is stopped with its table's, or the other way round.
  test("a clone fills gaps although its table's filling was stopped", async () => {
    const pool = await engine.createRawPool();
    const table = await makeTable(pool);
    const clone = table.clone();
    await stopFillingGaps(table);
    await leaveGap(pool, table);
    await table.insert(pool, "2", 1);
    const held = table.stream(pool, "");
    const pending = take(held, 1);
    await expect(Promise.race([pending, nothingWithin(300)])).resolves.toBe("nothing");
    const filled = clone.stream(pool, "");
    expect(await take(filled, 1)).toEqual(["2"]);
    expect(await pending).toEqual(["2"]);
    await Promise.all([held.close(), filled.close()]);
  });
});
