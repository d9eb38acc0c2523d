import { describe, expect, test } from "vitest";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { Reports } from "../../../test/support/streams/gaps.ts";
import { makeTable, nothingWithin, rest, take } from "../../../test/support/streams/streams.ts";
import { transaction } from "../../database/handles/transaction.ts";
import type { ErrorReport } from "../../reflex/observer.ts";
import { EventsTable } from "../events-table.ts";
import type { EventsNotifier } from "./notifier.ts";

/** A notifier as a user would write one: what it is asked for is counted, and nobody is woken unless the test does it. */
class SilentNotifier implements EventsNotifier {
  readonly wakes = new Set<() => void>();
  subscribed = 0;
  notified = 0;

  subscribe(onWake: () => void): () => void {
    this.subscribed++;
    this.wakes.add(onWake);
    return () => this.wakes.delete(onWake);
  }

  notify(): void {
    this.notified++;
  }
}

const asleep = { wake: false, backoffMs: 600_000 } as const;

describeEachServer((engine) => {
  describe("a notifier of the user's own", () => {
    // Catches a subscription for each stream, none, or one that is never given back.
    test("is subscribed to while streams run, and unsubscribed with the last", async () => {
      const pool = await engine.createRawPool();
      const notifier = new SilentNotifier();
      const table = await makeTable(pool, { ...asleep, notifier });
      const streams = [1, 2, 3].map(() => table.stream(pool, ""));
      expect(notifier.subscribed).toBe(0);
      for (const stream of streams) await stream.start();
      expect(notifier.wakes.size).toBe(1);
      for (const stream of streams) {
        expect(notifier.wakes.size).toBe(1);
        await stream.close();
      }
      expect(notifier.wakes.size).toBe(0);
      const own = table.stream(pool, "", { gaps: {} });
      await own.start();
      expect(notifier.wakes.size).toBe(1);
      await own.close();
      expect(notifier.wakes.size).toBe(0);
    });

    // Catches a stream that looks by itself although it was told not to, or that is deaf.
    test("alone wakes streams that don't look by themselves, whoever has inserted", async () => {
      const pool = await engine.createRawPool();
      const notifier = new SilentNotifier();
      const table = await makeTable(pool, { ...asleep, notifier });
      const stream = table.stream(pool, "");
      await stream.start();
      const pending = take(stream, 1);
      await expect(Promise.race([pending, nothingWithin(100)])).resolves.toBe("nothing");
      await table.clone({ notifier: new SilentNotifier() }).insert(pool, "a", 1);
      await table.insert(pool, "b", 1);
      expect(notifier.notified).toBe(1);
      await expect(Promise.race([pending, nothingWithin(300)])).resolves.toBe("nothing");
      for (const wake of notifier.wakes) wake();
      expect(await pending).toEqual(["1"]);
      await stream.close();
    });

    // Catches a poll that is made in answer to each call, and a call between poll and wait that is lost.
    test("may wake too often, also from within subscribe(), without harm", async () => {
      const pool = await engine.createRawPool();
      const notifier: EventsNotifier = {
        subscribe: (onWake) => {
          onWake();
          const timer = setInterval(() => {
            onWake();
            onWake();
          }, 1);
          return () => clearInterval(timer);
        },
        notify: () => undefined,
      };
      const table = await makeTable(pool, { ...asleep, notifier });
      const stream = table.stream(pool, "");
      const pending = take(stream, 20);
      for (let index = 0; index < 20; index++) await table.insert(pool, "a", 1);
      expect(await pending).toHaveLength(20);
      await stream.close();
    });

    // Catches a stream that relies on its notifier: one that loses every wake-up must only delay.
    test("may stay silent: streams look by themselves after backoffMs", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { wake: false, backoffMs: 100, notifier: new SilentNotifier() });
      const stream = table.stream(pool, "");
      await stream.start();
      const pending = take(stream, 1);
      await table.insert(pool, "a", 1);
      expect(await pending).toEqual(["1"]);
      await stream.close();
    });

    // Catches a failure that fails the insert, or whose rejection ends the process.
    test.each([
      [
        "throws",
        () => {
          throw new Error("notifier down");
        },
      ],
      ["rejects", () => Promise.reject(new Error("notifier down"))],
    ])("whose notify() %s fails no commit, and is reported", async (_, notify) => {
      const pool = await engine.createRawPool();
      const errors = new Reports<ErrorReport>();
      const notifier = { subscribe: () => () => undefined, notify: notify as () => void };
      const table = await makeTable(pool, { notifier, observer: { error: errors.add } });
      await table.insert(pool, "a", 1);
      await transaction(pool, (tx) => table.insert(tx, "b", 1));
      const connection = await pool.getConnection();
      const call = await table.insert(connection, "c", 1);
      connection.release();
      call();
      await nothingWithin(10);
      expect(errors.all).toMatchObject(
        [1, 2, 3].map(() => ({ activity: "notify", name: table.name, error: { message: "notifier down" } })),
      );
      expect(await rest(table.stream(pool, "", { toHead: true }))).toEqual(["1", "2", "3"]);
    });

    // Catches an error that is swallowed, so that the stream is deaf, and a connection that is never given back.
    test("whose subscribe() throws ends the stream with that error, and its connection is free", async () => {
      const pool = await engine.createRawPool({ connectionLimit: 1 });
      const broken = new Error("no such channel");
      let fails = true;
      const silent = new SilentNotifier();
      const notifier: EventsNotifier = {
        subscribe: (onWake) => {
          if (fails) throw broken;
          return silent.subscribe(onWake);
        },
        notify: () => undefined,
      };
      const table = await makeTable(pool, { notifier, acquireTimeoutMs: 2000 });
      await table.insert(pool, "a", 1);
      await expect(table.stream(pool, "").next()).rejects.toBe(broken);
      await expect(table.stream(pool, "").start()).rejects.toBe(broken);
      fails = false;
      expect(await rest(table.stream(pool, "", { toHead: true }))).toEqual(["1"]);
      // The pool has one connection: one more user of the reader's session would keep it.
      await table.insert(pool, "b", 1);
    });

    // Catches an end that stops half way, with the connection still held.
    test("whose unsubscribe function throws is reported, and the stream ends and frees its connection", async () => {
      const pool = await engine.createRawPool({ connectionLimit: 1 });
      const errors = new Reports<ErrorReport>();
      const broken = new Error("not subscribed");
      const notifier: EventsNotifier = {
        subscribe: () => () => {
          throw broken;
        },
        notify: () => undefined,
      };
      const options = { notifier, acquireTimeoutMs: 2000, observer: { error: errors.add } };
      const table = await makeTable(pool, options);
      const stream = table.stream(pool, "");
      await stream.start();
      await stream.close();
      expect(errors.all).toMatchObject([{ activity: "notify", name: table.name, error: broken }]);
      await table.insert(pool, "a", 1);
    });
  });
});

describe("option notifier", () => {
  // Catches a half notifier that fails at the first commit instead of where it was written.
  test.each([[{}], [{ subscribe: () => () => undefined }], [{ notify: () => undefined }], [() => undefined]])(
    "refuses %j, which lacks a function",
    (notifier) => {
      const make = (): unknown => new EventsTable("t", { notifier: notifier as unknown as EventsNotifier });
      expect(make).toThrow("subscribe and notify");
    },
  );
});
