import { array, assert, constantFrom, integer, property, record } from "fast-check";
import { describe, expect, test } from "vitest";
import { storedEvent } from "../../../test/support/events/stored-event.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { EventCache, type KeptEvents } from "./event-cache.ts";

const UNBOUND = Number.POSITIVE_INFINITY;
const MANY = { events: 1000, bytes: 10_000_000 };

const event = (id: number, bytes = 0): ReflexEvent => storedEvent(id, { metadata: Buffer.alloc(bytes) });

function events(from: number, to: number): ReflexEvent[] {
  return Array.from({ length: to - from + 1 }, (_, index) => event(from + index));
}

function ids(read: KeptEvents | undefined): number[] | undefined {
  return read?.events.map(({ id }) => Number(id));
}

describe("EventCache", () => {
  // Catches one that answers "no events" where it knows nothing: a stream would take it for the head.
  test("knows nothing when it is empty", () => {
    const cache = new EventCache(MANY);
    expect(cache.read(0n, 10, UNBOUND)).toBeUndefined();
    expect(cache.at(0n)).toBeUndefined();
    expect(cache.at(1n)).toBeUndefined();
  });

  // Catches off-by-one bounds at both ends: a skipped or repeated event.
  test.each([
    { after: 4n, expected: undefined },
    { after: 5n, expected: [6, 7] },
    { after: 7n, expected: [8, 9] },
    { after: 8n, expected: [9] },
    { after: 9n, expected: undefined },
  ])("gives what follows row $after, when it holds the first of it", ({ after, expected }) => {
    const cache = new EventCache(MANY);
    cache.add(5n, events(6, 9));
    expect(ids(cache.read(after, 2, UNBOUND))).toEqual(expected);
  });

  test.each([
    { name: "joins at its end", after: 9n, added: events(10, 12), expected: [6, 7, 8, 9, 10, 11, 12] },
    { name: "overlaps its end", after: 7n, added: events(8, 11), expected: [6, 7, 8, 9, 10, 11] },
    { name: "lies inside", after: 6n, added: events(7, 8), expected: [6, 7, 8, 9] },
    // Catches one that a slow stream pulls back, so that streams in front lose it.
    { name: "lies behind", after: 1n, added: events(2, 4), expected: [6, 7, 8, 9] },
    { name: "begins behind and reaches past the end", after: 3n, added: events(4, 12), expected: [6, 7, 8, 9] },
    // Catches one that joins over a distance: a silent gap.
    { name: "lies further ahead", after: 20n, added: events(21, 22), expected: [21, 22] },
  ])("keeps its events ascending without a gap when what is added $name", ({ after, added, expected }) => {
    const cache = new EventCache(MANY);
    cache.add(5n, events(6, 9));
    cache.add(after, added);
    expect(ids(cache.read(BigInt((expected[0] ?? 0) - 1), 100, UNBOUND))).toEqual(expected);
    for (const id of expected) expect(cache.at(BigInt(id))?.id).toBe(String(id));
    expect(cache.at(BigInt((expected[0] ?? 0) - 1))).toBeUndefined();
    expect(cache.at(BigInt((expected.at(-1) ?? 0) + 1))).toBeUndefined();
  });

  // Catches one that forgets its newest events instead of its oldest, or none.
  test("holds at most so many events, the latest", () => {
    const cache = new EventCache({ events: 5, bytes: 10_000_000 });
    cache.add(0n, events(1, 4));
    cache.add(4n, events(5, 8));
    expect(cache.read(2n, 10, UNBOUND)).toBeUndefined();
    expect(ids(cache.read(3n, 10, UNBOUND))).toEqual([4, 5, 6, 7, 8]);
  });

  // Catches one that counts events only: large metadata would fill the memory.
  test("holds at most so many bytes, of the latest events", () => {
    const cache = new EventCache({ events: 1000, bytes: 5000 });
    cache.add(
      0n,
      Array.from({ length: 10 }, (_, index) => event(index + 1, 1000)),
    );
    expect(ids(cache.read(5n, 10, UNBOUND))).toEqual([6, 7, 8, 9, 10]);
    expect(cache.read(4n, 10, UNBOUND)).toBeUndefined();
  });

  // Catches one whose sum of bytes keeps what was dropped, and so shrinks to nothing.
  test("counts the bytes of what it holds only, also after it was dropped", () => {
    const cache = new EventCache({ events: 1000, bytes: 5000 });
    for (let round = 0; round < 5; round++) {
      cache.add(
        0n,
        [1, 2, 3, 4].map((id) => event(id, 1000)),
      );
      cache.drop();
    }
    expect(cache.read(0n, 10, UNBOUND)).toBeUndefined();
    cache.add(
      0n,
      [1, 2, 3, 4].map((id) => event(id, 1000)),
    );
    expect(ids(cache.read(0n, 10, UNBOUND))).toEqual([1, 2, 3, 4]);
  });

  test("drops an event that alone is beyond its bytes, and goes on behind it", () => {
    const cache = new EventCache({ events: 10, bytes: 1000 });
    cache.add(0n, [event(1), event(2, 5000)]);
    expect(cache.read(0n, 10, UNBOUND)).toBeUndefined();
    expect(cache.read(1n, 10, UNBOUND)).toBeUndefined();
    cache.add(2n, [event(3)]);
    expect(ids(cache.read(2n, 10, UNBOUND))).toEqual([3]);
  });

  test("whatever is added gives events that follow the position without a gap, within its bounds", () => {
    const step = record({ after: integer({ min: 0, max: 40 }), count: integer({ min: 0, max: 8 }) });
    const bounds = constantFrom(3, 7, 1000);
    assert(
      property(array(step, { maxLength: 20 }), bounds, (steps, most) => {
        const cache = new EventCache({ events: most, bytes: 10_000_000 });
        for (const { after, count } of steps) cache.add(BigInt(after), events(after + 1, after + count));
        for (let after = 0; after <= 50; after++) {
          const read = ids(cache.read(BigInt(after), 100, UNBOUND));
          if (read === undefined) continue;
          expect(read.length).toBeGreaterThan(0);
          expect(read.length).toBeLessThanOrEqual(most);
          expect(read).toEqual(read.map((_, index) => after + 1 + index));
        }
      }),
    );
  });
});
