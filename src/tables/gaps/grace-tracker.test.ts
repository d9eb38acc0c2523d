import { array, assert, integer, property, record, subarray } from "fast-check";
import { describe, expect, test } from "vitest";
import { GraceTracker, MOST_REMEMBERED } from "./grace-tracker.ts";

const none: ReadonlySet<bigint> = new Set();
const GRACE = { graceMs: 20 };

describe("GraceTracker", () => {
  // Catches one without a grace: it ends healthy writers with a duplicate key.
  test("makes an id fillable that was missing for the whole grace, and says how long that takes", () => {
    const graces = new GraceTracker();
    expect(graces.fillableIds([5n], none, { now: 100, ...GRACE })).toEqual({
      ids: [],
      nextInMs: 20,
    });
    expect(graces.fillableIds([5n], none, { now: 119, ...GRACE }).nextInMs).toBe(1);
    expect(graces.fillableIds([5n], none, { now: 120, ...GRACE })).toEqual({
      ids: [5n],
      nextInMs: undefined,
    });
  });

  // Catches one whose clock starts anew at each poll: a gap that never closes while others come and go.
  test("counts the grace of each id from the poll that first missed it, whatever else is missing", () => {
    const graces = new GraceTracker();
    graces.fillableIds([5n], none, { now: 100, ...GRACE });
    graces.fillableIds([5n, 7n], none, { now: 110, ...GRACE });
    expect(graces.fillableIds([5n, 7n], none, { now: 120, ...GRACE }).ids).toEqual([5n]);
    expect(graces.fillableIds([7n], none, { now: 129, ...GRACE })).toMatchObject({ ids: [], nextInMs: 1 });
    expect(graces.fillableIds([7n], none, { now: 130, ...GRACE }).ids).toEqual([7n]);
  });

  // Catches one that makes a rolled-back transaction wait for the grace, though it was seen to end.
  test("makes fillable at once what was in flight and is gone", () => {
    const graces = new GraceTracker();
    expect(graces.fillableIds([5n], new Set([5n]), { now: 100, ...GRACE })).toMatchObject({
      ids: [],
      nextInMs: undefined,
    });
    expect(graces.fillableIds([5n], none, { now: 101, ...GRACE }).ids).toEqual([5n]);
  });

  // Catches one that knows only of the first row in flight.
  test("remembers every row that was in flight, also above the first", () => {
    const graces = new GraceTracker();
    graces.fillableIds([5n, 6n, 7n], new Set([5n, 7n]), { now: 100, ...GRACE });
    expect(graces.fillableIds([6n, 7n], none, { now: 101, ...GRACE }).ids).toEqual([7n]);
  });

  // Catches one that fills the later ids of a statement that is still inserting.
  test("makes nothing fillable at or above the first row in flight, however long it is missing", () => {
    const graces = new GraceTracker();
    graces.fillableIds([5n, 6n, 7n, 8n], none, { now: 0, ...GRACE });
    const fillable = graces.fillableIds([5n, 6n, 7n, 8n], new Set([7n]), { now: 1000, ...GRACE });
    expect(fillable).toEqual({ ids: [5n, 6n], nextInMs: undefined });
  });

  test("counts the grace of what lies above a row in flight while that is open", () => {
    const graces = new GraceTracker();
    graces.fillableIds([5n, 6n], new Set([5n]), { now: 0, ...GRACE });
    expect(graces.fillableIds([6n], none, { now: 25, ...GRACE }).ids).toEqual([6n]);
  });

  test("without a grace makes everything below the first row in flight fillable at once", () => {
    const graces = new GraceTracker();
    expect(graces.fillableIds([1n, 2n, 4n], new Set([4n]), { now: 0, graceMs: 0 }).ids).toEqual([1n, 2n]);
  });

  // Catches one that remembers for ever, and one that forgets what it has just learned.
  test("forgets, once it knows very much, for the price of one more grace", () => {
    const graces = new GraceTracker();
    const many = Array.from({ length: MOST_REMEMBERED }, (_, index) => BigInt(index + 1));
    graces.fillableIds(many, none, { now: 0, ...GRACE });
    expect(graces.fillableIds([1n], none, { now: 50, ...GRACE }).ids).toEqual([]);
    expect(graces.fillableIds([1n], none, { now: 70, ...GRACE }).ids).toEqual([1n]);
  });

  test("never makes an id fillable that is in flight or above one, nor one without a reason", () => {
    const universe = [1n, 2n, 3n, 4n, 5n, 6n];
    const poll = record({
      missing: subarray(universe),
      inFlight: subarray(universe),
      laterMs: integer({ min: 0, max: 15 }),
    });
    assert(
      property(array(poll, { maxLength: 12 }), (polls) => {
        const graces = new GraceTracker();
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
          expect(graces.fillableIds(missing, inFlight, { now, ...GRACE }).ids).toEqual(expected);
        }
      }),
    );
  });
});
