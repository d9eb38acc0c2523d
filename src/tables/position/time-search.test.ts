import { array, assert, asyncProperty, integer, tuple } from "fast-check";
import { describe, expect, test } from "vitest";
import { storedEvent } from "../../../test/support/events/stored-event.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { type IdRange, lastOlderId, MOST_DISORDER_MS } from "./time-search.ts";

const SECOND = 1_000_000;
const MOST_DISORDER_S = MOST_DISORDER_MS / 1000;

/** The first of these events in a range, and how often that was asked. */
function finder(events: readonly ReflexEvent[]): {
  find: (range: IdRange) => Promise<ReflexEvent | undefined>;
  calls: () => number;
} {
  let calls = 0;
  return {
    calls: () => calls,
    find: ({ from, to }) => {
      calls++;
      return Promise.resolve(events.find(({ id }) => BigInt(id) >= from && BigInt(id) <= to));
    },
  };
}

const event = (id: number | bigint, second: number): ReflexEvent => storedEvent(id, { micros: second * SECOND });

describe("lastOlderId", () => {
  // Catches an answer above an event that is young enough, which would be left out.
  test("is below each event of the time or later, if none is too much older than one below it", async () => {
    const disorder = array(tuple(integer({ min: 1, max: 2000 }), integer({ min: 0, max: MOST_DISORDER_S })), {
      minLength: 1,
      maxLength: 60,
    });
    await assert(
      asyncProperty(disorder, integer({ min: 0, max: 100_000 }), async (steps, second) => {
        // Ids are given in the order of a clock, and statements began up to the disorder before that.
        let [id, clock] = [0, 0];
        const events = steps.map(([step, beganBefore]) => event((id += step), (clock += step) - beganBefore));
        const found = await lastOlderId({ from: 1n, to: BigInt(id) }, second * SECOND, finder(events).find);
        const tooYoung = events.filter(
          ({ id: other, timestampMicros }) => BigInt(other) <= found && timestampMicros >= second * SECOND,
        );
        expect(tooYoung).toEqual([]);
      }),
    );
  });

  // Catches a search that reads through a table.
  test("is near the time after few steps, however large and sparse the table is", async () => {
    const events = Array.from({ length: 2000 }, (_, index) => event(BigInt(index + 1) * 10n ** 15n, index * 60));
    const { find, calls } = finder(events);
    const found = await lastOlderId({ from: 1n, to: 2n * 10n ** 18n }, 60_000 * SECOND, find);
    expect(found).toBe(BigInt(1000 - MOST_DISORDER_S / 60) * 10n ** 15n);
    expect(calls()).toBeLessThan(64);
  });

  test("is before the first id where all are young, and the last where all are old", async () => {
    const events = Array.from({ length: 2000 }, (_, index) => event(index + 1, 100_000));
    const range = { from: 1n, to: 2000n };
    expect(await lastOlderId(range, 100_000 * SECOND, finder(events).find)).toBe(0n);
    expect(await lastOlderId(range, 200_000 * SECOND, finder(events).find)).toBeGreaterThan(1000n);
  });
});
