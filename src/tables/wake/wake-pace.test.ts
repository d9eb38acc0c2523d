import { describe, expect, test } from "vitest";
import { CALM_MS, LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS, WakePace } from "./wake-pace.ts";

/** The pauses after commits that move nothing, on a server that commits without a break. */
function busy(pace: WakePace, count: number): number[] {
  return Array.from({ length: count }, () => pace.after(false, 0));
}

describe("the pause after a commit", () => {
  test("is the shortest while commits move heads, however fast they come", () => {
    const pace = new WakePace();
    expect([pace.after(true, 0), pace.after(true, 1), pace.after(true, 10 * CALM_MS)]).toEqual(
      Array(3).fill(SHORTEST_PAUSE_MS),
    );
    expect(pace.backedOff).toBe(false);
  });

  // Catches one that takes the commit which lay in a pause for a sign of how often commits come.
  test("grows with those that move nothing, at every second one, as far as the longest", () => {
    const pace = new WakePace();
    expect(busy(pace, 6)).toEqual([2, 1, 4, 1, 8, 1].map((times) => times * SHORTEST_PAUSE_MS));
    expect(pace.backedOff).toBe(true);
    expect(Math.max(...busy(pace, 40))).toBe(LONGEST_PAUSE_MS);
  });

  test("is the shortest again after one that moves a head", () => {
    const pace = new WakePace();
    busy(pace, 9);
    expect(pace.after(true, 0)).toBe(SHORTEST_PAUSE_MS);
    expect(pace.backedOff).toBe(false);
    expect(busy(pace, 1)).toEqual([2 * SHORTEST_PAUSE_MS]);
  });

  test("stays the shortest on a server that commits now and then", () => {
    const pace = new WakePace();
    expect([1, 6, 40].map((times) => pace.after(false, times * CALM_MS))).toEqual(Array(3).fill(SHORTEST_PAUSE_MS));
    expect(pace.backedOff).toBe(false);
  });

  test("is the shortest again once the server has calmed down", () => {
    const pace = new WakePace();
    busy(pace, 9);
    expect([pace.after(false, 0), pace.after(false, CALM_MS + 10)]).toEqual([SHORTEST_PAUSE_MS, SHORTEST_PAUSE_MS]);
    expect(pace.backedOff).toBe(false);
  });

  // Catches a stream that is away from the head for its consumer's sake, and comes back to a backed-off wait.
  test("does not grow by the commit that lay in a time when nobody listened", () => {
    const pace = new WakePace();
    pace.rested();
    expect(pace.after(false, 0)).toBe(SHORTEST_PAUSE_MS);
    expect(pace.backedOff).toBe(false);
  });
});
