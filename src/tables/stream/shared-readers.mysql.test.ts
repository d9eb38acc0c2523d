import type { Pool } from "mysql2/promise";
import { type EventStream, EventsTable, type EventsTableOptions, fillGaps, stopFillingGaps } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { describeEachServer } from "../../../test/support/servers/engines.ts";
import { insertAroundGap, noopIds, Reports } from "../../../test/support/streams/gaps.ts";
import { ownColumns } from "../../../test/support/streams/loaders.ts";
import { makeTable, take } from "../../../test/support/streams/streams.ts";
import type { GapReport } from "../../reflex/observer.ts";
import type { EventsLoader } from "../events/loader-and-inserter.ts";
import { inMemoryNotifier } from "../wake/notifier.ts";

const OBJECTS = 8;
// Nothing but the notifier wakes these streams.
const UNWOKEN: EventsTableOptions = { wake: false, backoffMs: 60_000 };

describeEachServer((engine) => {
  /** Objects of one table, and a stream of each at the head. */
  async function openAll(
    pool: Pool,
    name: string,
    optionsOf: (index: number) => EventsTableOptions,
  ): Promise<{ table: EventsTable; stream: EventStream }[]> {
    const all = Array.from({ length: OBJECTS }, (_, index) => {
      const table = new EventsTable(name, optionsOf(index));
      return { table, stream: table.stream(pool, "") };
    });
    await Promise.all(all.map(({ stream }) => stream.start()));
    return all;
  }

  /** Loads what the table's own query would, and notes each call. */
  function countingLoader(name: string, onCall: () => void): EventsLoader {
    const load = ownColumns(name);
    return (session, request) => {
      onCall();
      return load(session, request);
    };
  }

  describe("objects of one table with equal options", () => {
    // Catches readers by object: each would read every row, and at a gap wait its turn to ask for it.
    test("read together", async () => {
      const pool = await engine.createRawPool();
      const { name } = await makeTable(pool);
      let calls = 0;
      const loader = countingLoader(name, () => calls++);
      const all = await openAll(pool, name, () => ({ ...UNWOKEN, loader }));
      const pending = all.map(({ stream }) => take(stream, 1));
      await expect.poll(() => calls).toBeGreaterThan(0);
      calls = 0;
      await all[0]?.table.insert(pool, "1", 1);
      expect(await Promise.all(pending)).toEqual(all.map(() => ["1"]));
      expect(calls).toBeLessThan(OBJECTS / 2);
      await Promise.all(all.map(({ stream }) => stream.close()));
    });

    test("read apart where a loader is another, or the cache is off", async () => {
      const pool = await engine.createRawPool();
      const { name } = await makeTable(pool);
      const callers = new Set<number>();
      let uncached = 0;
      const same = countingLoader(name, () => uncached++);
      const all = await openAll(pool, name, (index) =>
        index < 2
          ? { ...UNWOKEN, cache: false, loader: same }
          : { ...UNWOKEN, loader: countingLoader(name, () => callers.add(index)) },
      );
      await all[0]?.table.insert(pool, "1", 1);
      uncached = 0;
      await Promise.all(all.map(({ stream }) => take(stream, 1)));
      expect(callers.size).toBe(OBJECTS - 2);
      expect(uncached).toBeGreaterThanOrEqual(2);
      await Promise.all(all.map(({ stream }) => stream.close()));
    });

    // Catches a reader that hears of the notifier of its first object only.
    test("wake each other's streams, each by its own notifier, as long as it has a stream", async () => {
      const pool = await engine.createRawPool();
      const { name } = await makeTable(pool);
      const subscribed = new Set<number>();
      const all = await openAll(pool, name, (index) => {
        const notifier = inMemoryNotifier();
        const counted = (onWake: () => void): (() => void) => {
          const stop = notifier.subscribe(onWake);
          subscribed.add(index);
          return () => {
            stop();
            subscribed.delete(index);
          };
        };
        return { ...UNWOKEN, notifier: { subscribe: counted, notify: () => notifier.notify() } };
      });
      expect(subscribed.size).toBe(OBJECTS);
      for (const [index, { table }] of all.entries()) {
        const pending = all.map(({ stream }) => take(stream, 1));
        await table.insert(pool, "woken", 1);
        expect(await Promise.all(pending)).toEqual(all.map(() => [String(index + 1)]));
      }
      await all[0]?.stream.close();
      expect(subscribed.has(0)).toBe(false);
      expect(subscribed.size).toBe(OBJECTS - 1);
      await Promise.all(all.map(({ stream }) => stream.close()));
      expect(subscribed.size).toBe(0);
    });

    test("have each gap told once to each observer and to each object's listeners", async () => {
      const pool = await engine.createRawPool();
      const { name } = await makeTable(pool);
      const reports = [new Reports<GapReport>(), new Reports<GapReport>()] as const;
      const observers = reports.map(({ add }) => ({ gap: add }));
      const heard: string[] = [];
      const all = await openAll(pool, name, (index) => ({ observer: observers[index % 2] }));
      for (const [index, { table }] of all.entries()) table.listenGaps(({ prev }) => heard.push(`${index}: ${prev}`));
      await insertAroundGap(pool, all[0]?.table ?? new EventsTable(name));
      expect(await Promise.all(all.map(({ stream }) => take(stream, 2)))).toEqual(all.map(() => ["1", "3"]));
      expect(heard.toSorted()).toEqual(all.map((_, index) => `${index}: 1`));
      expect(reports.map(({ all: told }) => told.length)).toEqual([1, 1]);
      await Promise.all(all.map(({ stream }) => stream.close()));
    });

    // Catches a stop that holds for one object only, while another goes on to insert noops for the same streams.
    test("stop and begin to fill gaps together", async () => {
      const pool = await engine.createRawPool();
      const { name } = await makeTable(pool);
      const [first, second] = [new EventsTable(name), new EventsTable(name)];
      const streams = [first.stream(pool, ""), second.stream(pool, "")];
      await Promise.all(streams.map((stream) => stream.start()));
      await stopFillingGaps(first);
      await insertAroundGap(pool, second);
      const gaps = new Reports<unknown>();
      second.listenGaps(gaps.add);
      expect(await Promise.all(streams.map((stream) => take(stream, 1)))).toEqual([["1"], ["1"]]);
      const pending = streams.map((stream) => take(stream, 1));
      await gaps.first();
      // An object that joins now is told the same.
      const third = new EventsTable(name);
      const late = third.stream(pool, "1");
      await late.start();
      const latePending = take(late, 1);
      expect(await noopIds(pool, first)).toEqual([]);
      fillGaps(pool, second);
      expect(await Promise.all([...pending, latePending])).toEqual([["3"], ["3"], ["3"]]);
      expect(await noopIds(pool, first)).toEqual(["2"]);
      await Promise.all([...streams, late].map((stream) => stream.close()));
    });

    test("that do not fill gaps share nothing with one that does", async () => {
      const pool = await engine.createRawPool();
      const { name } = await makeTable(pool);
      const [waiting, filling] = [new EventsTable(name, { gaps: false }), new EventsTable(name)];
      const gaps = new Reports<unknown>();
      waiting.listenGaps(gaps.add);
      await insertAroundGap(pool, waiting);
      const stream = waiting.stream(pool, "");
      expect(await take(stream, 1)).toEqual(["1"]);
      const pending = take(stream, 1);
      await gaps.first();
      expect(await noopIds(pool, waiting)).toEqual([]);
      const other = filling.stream(pool, "");
      expect(await take(other, 2)).toEqual(["1", "3"]);
      expect(await pending).toEqual(["3"]);
      await Promise.all([stream, other].map((each) => each.close()));
    });
  });
});
