import { describe, expect, test } from "vitest";
import { HEAD_LOOK_BACK, headStart } from "./head-start.ts";

const range = (from: number, to: number): bigint[] =>
  Array.from({ length: to - from + 1 }, (_, index) => BigInt(from + index));

describe("headStart", () => {
  test("starts at 0 in an empty table", () => {
    expect(headStart([])).toEqual({ after: 0n, committed: new Set() });
  });

  test("starts at the highest id when nothing is missing below it", () => {
    expect(headStart(range(1, 50))).toEqual({ after: 50n, committed: new Set() });
  });

  test("starts below a missing id, and leaves out what was committed above it", () => {
    expect(headStart([1n, 2n, 4n, 5n])).toEqual({ after: 2n, committed: new Set([4n, 5n]) });
  });

  test("expects id 1 at the start of a short table", () => {
    expect(headStart([2n, 3n])).toEqual({ after: 0n, committed: new Set([2n, 3n]) });
  });

  test("looks no further back than its bound", () => {
    const last = 3 * HEAD_LOOK_BACK;
    expect(headStart(range(2 * HEAD_LOOK_BACK + 1, last)).after).toBe(BigInt(last));
  });
});
