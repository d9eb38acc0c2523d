import { getEventListeners } from "node:events";
import { createPool } from "mysql2/promise";
import { describe, expect, onTestFinished, test } from "vitest";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { insertMany, killOthers, makeTable, take } from "../../../test/support/streams/streams.ts";
import { isReflexError } from "../../errors/reflex-error.ts";
import type { ErrorReport } from "../../reflex/observer.ts";
import { EventsTable } from "../events-table.ts";

const KILLS = 40;

describeEachServer((engine) => {
  describe("a stream", () => {
    test("rejects with the signal's own reason, at once, and leaves no listener behind", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      const controller = new AbortController();
      const stream = table.stream(pool, "", { signal: controller.signal });
      const pending = stream.next();
      const reason = new Error("enough");
      controller.abort(reason);
      await expect(pending).rejects.toBe(reason);
      expect(await stream.next()).toEqual({ done: true, value: undefined });
      expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    });

    test("ends a pending read when it is closed", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      const stream = table.stream(pool, "");
      const pending = stream.next();
      await stream.close();
      await stream.close();
      expect(await pending).toEqual({ done: true, value: undefined });
    });

    test("has one reader", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool);
      const stream = table.stream(pool, "");
      stream[Symbol.asyncIterator]();
      expect(() => stream.batches()).toThrow(/has a reader already/);
      expect(() => stream[Symbol.asyncIterator]()).toThrow(TypeError);
      await stream.close();
    });

    test("opens nothing until it is read", async () => {
      const pool = await engine.createRawPool();
      const table = new EventsTable("no_such_table");
      const stream = table.stream(pool, "");
      await expect(stream.next()).rejects.toSatisfy((error) => isReflexError(error, "wrong_schema"));
    });

    test.each([{}, { toHead: true }, { fromHead: true }])(
      "rejects if its first read fails, with %o",
      async (options) => {
        const pool = createPool({ host: "127.0.0.1", port: 1, user: "nobody", database: "nothing" });
        onTestFinished(() => pool.end());
        const stream = new EventsTable("first_read_events").stream(pool, "", options);
        await expect(stream.next()).rejects.toSatisfy((error) => isReflexError(error, "database_error"));
      },
    );

    test("goes on after its connection was killed, and reports it", async () => {
      const errors: ErrorReport[] = [];
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { observer: { error: (report) => errors.push(report) } });
      await table.insert(pool, "a", 1);
      const stream = table.stream(pool, "");
      expect(await take(stream, 1)).toEqual(["1"]);
      const pending = take(stream, 1);
      await killOthers(pool, engine.database);
      await table.clone().insert(pool, "b", 1);
      expect(await pending).toEqual(["2"]);
      expect(errors.length).toBeGreaterThan(0);
      expect(errors[0]).toMatchObject({ activity: "stream", name: table.name });
      await stream.close();
    });

    // Catches a log that is filled by connections that are lost again and again, and errors of drivers without a code.
    test("reports connections that are killed again and again now and then, by code", async () => {
      const errors: ErrorReport[] = [];
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { observer: { error: (report) => errors.push(report) } });
      const killer = await engine.createRawPool({ connectionLimit: 1 });
      const stream = table.stream(pool, "0");
      await stream.start();
      for (let count = 0; count < KILLS; count++) {
        const pending = take(stream, 1);
        await killOthers(killer, engine.database);
        await table.clone().insert(killer, "a", 1);
        expect(await pending).toHaveLength(1);
      }
      await stream.close();
      expect(errors.map(({ error }) => isReflexError(error, "database_error"))).toEqual(errors.map(() => true));
      const unreported = errors.reduce((sum, report) => sum + (report.unreported ?? 0), 0);
      expect(unreported).toBeGreaterThan(errors.length / 2);
    });

    test("shares one connection among a hundred", async () => {
      const pool = await engine.createRawPool({ connectionLimit: 3 });
      const table = await makeTable(pool);
      await insertMany(pool, table, 20);
      const streams = Array.from({ length: 100 }, () => table.stream(pool, ""));
      const all = await Promise.all(streams.map((stream) => take(stream, 20)));
      expect(new Set(all.map((ids) => ids.join())).size).toBe(1);
      expect(all[0]).toHaveLength(20);
      await Promise.all(streams.map((stream) => stream.close()));
      await table.insert(pool, "after", 1);
    });
  });
});
