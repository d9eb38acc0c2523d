import { describe, expect, test } from "vitest";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { Reports } from "../../../test/support/streams/gaps.ts";
import { eventWithId, fixed, ownColumns } from "../../../test/support/streams/loaders.ts";
import { makeTable, rest, take } from "../../../test/support/streams/streams.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import type { ErrorReport } from "../../reflex/observer.ts";
import { makeEvent } from "./make-event.ts";

describeEachServer((engine) => {
  describe("a loader", () => {
    // Catches an error that is swallowed, wrapped beyond recognition or tried again for ever.
    test("that throws ends the stream with its own error; a statement's failure says what it was", async () => {
      const pool = await engine.createRawPool();
      const plain = await makeTable(pool);
      const broken = new Error("no payload store");
      const rejects = plain.clone({ loader: () => Promise.reject(broken) }).stream(pool, "");
      await expect(rejects.next()).rejects.toBe(broken);
      const throws = plain.clone({
        loader: () => {
          throw broken;
        },
      });
      await expect(throws.stream(pool, "").next()).rejects.toBe(broken);
      const wrong = plain.clone({ loader: (db) => db.rows("select * from nowhere_to_be_found", []) }).stream(pool, "");
      await expect(wrong.next()).rejects.toMatchObject({ code: "wrong_schema" });
    });

    // Catches a loader outside the retries, and one whose lost connection is kept.
    test("that meets an error that passes is asked again, after the stream has begun, on a connection that works", async () => {
      const pool = await engine.createRawPool();
      const errors = new Reports<ErrorReport>();
      const plain = await makeTable(pool);
      await plain.insert(pool, "a", 1);
      const own = ownColumns(plain.name);
      let kills = 0;
      const table = plain.clone({
        observer: { error: errors.add },
        loader: async (db, request) => {
          if (request.after === "0" && kills++ === 1) {
            const [row] = await db.rows<{ id: unknown }>("select connection_id() as id", []);
            await pool.query(`kill ${String(row?.id)}`);
          }
          return own(db, request);
        },
      });
      const stream = table.stream(pool, "1");
      await stream.start();
      const pending = take(stream, 1);
      await table.insert(pool, "b", 1);
      expect(await pending).toEqual(["2"]);
      expect(kills).toBeGreaterThan(1);
      expect(errors.all[0]).toMatchObject({ activity: "stream", name: table.name });
      await stream.close();
    });

    // Catches a signal that never reaches the loader, and a close that waits for it.
    test("hears that nobody waits any more through its signal, and the stream ends at once", async () => {
      const pool = await engine.createRawPool();
      const plain = await makeTable(pool);
      const aborted = new Reports<unknown>();
      const asked = new Reports<string>();
      const table = plain.clone({
        loader: (_, { after, signal }) => {
          signal.addEventListener("abort", () => aborted.add(signal.reason));
          asked.add(after);
          return new Promise(() => undefined);
        },
      });
      const controller = new AbortController();
      const pending = table.stream(pool, "", { signal: controller.signal }).next();
      await asked.first();
      const reason = new Error("enough");
      controller.abort(reason);
      await expect(pending).rejects.toBe(reason);
      expect(await aborted.first()).toBe(reason);
    });

    // Catches a hung loader that hangs its stream for good, and nobody is told.
    test("that takes too long is given up at the time limit, told, and asked again", async () => {
      const pool = await engine.createRawPool();
      const errors = new Reports<ErrorReport>();
      const plain = await makeTable(pool);
      await plain.insert(pool, "a", 1);
      await plain.insert(pool, "b", 1);
      const own = ownColumns(plain.name);
      const reasons = new Reports<unknown>();
      let calls = 0;
      const table = plain.clone({
        statementTimeoutMs: 200,
        observer: { error: errors.add },
        loader: (db, request) => {
          request.signal.addEventListener("abort", () => reasons.add(request.signal.reason));
          return calls++ === 1 ? new Promise(() => undefined) : own(db, request);
        },
      });
      const stream = table.stream(pool, "1");
      expect(await take(stream, 1)).toEqual(["2"]);
      expect(errors.all).toMatchObject([{ activity: "stream", error: { code: "time_limit" } }]);
      expect(reasons.all).toMatchObject([{ code: "time_limit" }]);
      await stream.close();
    });

    // Catches a statement whose abort closes the connection that every other stream reads through.
    test("may abort a statement of its own, and the connection lives on", async () => {
      const pool = await engine.createRawPool();
      const plain = await makeTable(pool);
      await plain.insert(pool, "a", 1);
      const own = ownColumns(plain.name);
      const connections = new Set<unknown>();
      const table = plain.clone({
        loader: async (db, request) => {
          const [row] = await db.rows<{ id: unknown }>("select connection_id() as id", []);
          connections.add(String(row?.id));
          const slow = db.rows("select sleep(0.2)", [], { signal: AbortSignal.abort(new Error("changed my mind")) });
          await expect(slow).rejects.toThrow("changed my mind");
          return own(db, request);
        },
      });
      expect(await rest(table.stream(pool, "", { toHead: true }))).toEqual(["1"]);
      expect(connections.size).toBe(1);
    });

    // Catches noops of a loader that are delivered, and a loader for one stream only of those that share a cache.
    test("serves all streams of its table, which leave noops out", async () => {
      const pool = await engine.createRawPool();
      const plain = await makeTable(pool);
      await plain.insert(pool, "a", 1);
      await pool.query(`insert into ${plain.name} (foreign_id, timestamp, type) values ('0', utc_timestamp(6), 0)`);
      await plain.insert(pool, "c", 1);
      const table = plain.clone({ loader: ownColumns(plain.name) });
      const streams = [1, 2, 3].map(() => rest(table.stream(pool, "", { toHead: true })));
      expect(await Promise.all(streams)).toEqual([
        ["1", "3"],
        ["1", "3"],
        ["1", "3"],
      ]);
    });

    // Catches metadata that two streams could change for each other, and an own class in the shared cache.
    test("may return objects of any make: streams deliver events with a timestamp", async () => {
      const pool = await engine.createRawPool();
      const plain = await makeTable(pool);
      await plain.insert(pool, "a", 1);
      const table = plain.clone({ loader: fixed(eventWithId("1")) });
      const stream = table.stream(pool, "", { toHead: true });
      const { value } = (await stream.next()) as { value: ReflexEvent };
      expect(value.timestamp).toEqual(new Date(0));
      expect(value.constructor).toBe(makeEvent({ id: 1, type: 1, foreignId: 1, timestampMicros: 1 }).constructor);
    });
  });
});
