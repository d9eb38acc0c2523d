import { array, assert, integer, property, record, subarray } from "fast-check";
import { describe, expect, test } from "vitest";
import { Ripening } from "./grace-tracker.ts";

const none: ReadonlySet<bigint> = new Set();
const GRACE = { graceMs: 20 };

describe("Ripening", () => {
  // Catches one without a grace: it ends healthy writers with a duplicate key.
  test("makes an id ripe that was missing for the whole grace, and says how long that takes", () => {
    const ripening = new Ripening();
    expect(ripening.ripen([5n], none, { now: 100, ...GRACE })).toEqual({
      ids: [],
      nextInMs: 20,
      firstInFlight: false,
    });
    expect(ripening.ripen([5n], none, { now: 119, ...GRACE }).nextInMs).toBe(1);
    expect(ripening.ripen([5n], none, { now: 120, ...GRACE })).toEqual({
      ids: [5n],
      nextInMs: undefined,
      firstInFlight: false,
    });
  });

  // Catches one whose clock starts anew at each poll: a hole that never closes while others come and go.
  test("counts the grace from the first sight of each id, whatever else is missing", () => {
    const ripening = new Ripening();
    ripening.ripen([5n], none, { now: 100, ...GRACE });
    ripening.ripen([5n, 7n], none, { now: 110, ...GRACE });
    expect(ripening.ripen([5n, 7n], none, { now: 120, ...GRACE }).ids).toEqual([5n]);
    expect(ripening.ripen([7n], none, { now: 129, ...GRACE })).toMatchObject({ ids: [], nextInMs: 1 });
    expect(ripening.ripen([7n], none, { now: 130, ...GRACE }).ids).toEqual([7n]);
  });

  // Catches one that makes a rolled-back transaction wait for the grace, though it was seen to end.
  test("makes ripe at once what was in flight and is gone", () => {
    const ripening = new Ripening();
    expect(ripening.ripen([5n], new Set([5n]), { now: 100, ...GRACE })).toMatchObject({ ids: [], firstInFlight: true });
    expect(ripening.ripen([5n], none, { now: 101, ...GRACE }).ids).toEqual([5n]);
  });

  // Catches one that knows only of the first row in flight.
  test("remembers every row that was in flight, also above the first", () => {
    const ripening = new Ripening();
    ripening.ripen([5n, 6n, 7n], new Set([5n, 7n]), { now: 100, ...GRACE });
    expect(ripening.ripen([6n, 7n], none, { now: 101, ...GRACE }).ids).toEqual([7n]);
  });

  // Catches one that plants the later ids of a statement that is still inserting.
  test("makes nothing ripe at or above the first row in flight, however long it is missing", () => {
    const ripening = new Ripening();
    ripening.ripen([5n, 6n, 7n, 8n], none, { now: 0, ...GRACE });
    const ripe = ripening.ripen([5n, 6n, 7n, 8n], new Set([7n]), { now: 1000, ...GRACE });
    expect(ripe).toEqual({ ids: [5n, 6n], nextInMs: undefined, firstInFlight: false });
  });

  test("counts the grace of what lies above a row in flight while that is open", () => {
    const ripening = new Ripening();
    ripening.ripen([5n, 6n], new Set([5n]), { now: 0, ...GRACE });
    expect(ripening.ripen([6n], none, { now: 25, ...GRACE }).ids).toEqual([6n]);
  });

  test("without a grace makes everything below the first row in flight ripe at once", () => {
    const ripening = new Ripening();
    expect(ripening.ripen([1n, 2n, 4n], new Set([4n]), { now: 0, graceMs: 0 }).ids).toEqual([1n, 2n]);
  });

  // Catches one that remembers for ever, and one that forgets what it has just learned.
  test("forgets, once it knows very much, for the price of one more grace", () => {
    const ripening = new Ripening();
    const many = Array.from({ length: 100_000 }, (_, index) => BigInt(index + 1));
    ripening.ripen(many, none, { now: 0, ...GRACE });
    expect(ripening.ripen([1n], none, { now: 50, ...GRACE }).ids).toEqual([]);
    expect(ripening.ripen([1n], none, { now: 70, ...GRACE }).ids).toEqual([1n]);
  });

  test("never makes an id ripe that is in flight or above one, nor one without a reason", () => {
    const universe = [1n, 2n, 3n, 4n, 5n, 6n];
    const poll = record({
      missing: subarray(universe),
      inFlight: subarray(universe),
      laterMs: integer({ min: 0, max: 15 }),
    });
    assert(
      property(array(poll, { maxLength: 12 }), (polls) => {
        const ripening = new Ripening();
        const firstSeen = new Map<bigint, number>();
        const wereInFlight = new Set<bigint>();
        let now = 0;
        for (const { missing, inFlight: seen, laterMs } of polls) {
          now += laterMs;
          const inFlight = new Set(seen.filter((id) => missing.includes(id)));
          for (const id of missing) firstSeen.set(id, firstSeen.get(id) ?? now);
          const bound = missing.find((id) => inFlight.has(id)) ?? 100n;
          const expected = missing.filter(
            (id) => id < bound && (wereInFlight.has(id) || now - (firstSeen.get(id) ?? now) >= GRACE.graceMs),
          );
          for (const id of inFlight) wereInFlight.add(id);
          expect(ripening.ripen(missing, inFlight, { now, ...GRACE }).ids).toEqual(expected);
        }
      }),
    );
  });
});
