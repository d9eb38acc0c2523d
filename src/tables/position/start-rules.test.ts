import { describe, expect, test } from "vitest";
import { bigintRange } from "../../../test/support/events/stored-event.ts";
import { HEAD_LOOK_BACK, headStart, PRUNED_AGE_MS, pruneStart, START_FENCE } from "./start-rules.ts";

describe("headStart", () => {
  test("starts at 0 in an empty table", () => {
    expect(headStart([], 0n)).toEqual({ after: 0n, committed: new Set() });
  });

  test("starts at the highest id when nothing is missing below it", () => {
    expect(headStart(bigintRange(1, 50), 0n)).toEqual({ after: 50n, committed: new Set() });
  });

  test("starts below a missing id, and leaves out what was committed above it", () => {
    expect(headStart([1n, 2n, 4n, 5n], 0n)).toEqual({ after: 2n, committed: new Set([4n, 5n]) });
  });

  test("expects id 1 at the start of a short table", () => {
    expect(headStart([2n, 3n], 0n)).toEqual({ after: 0n, committed: new Set([2n, 3n]) });
  });

  test("looks no further back than its bound", () => {
    const last = 3 * HEAD_LOOK_BACK;
    expect(headStart(bigintRange(2 * HEAD_LOOK_BACK + 1, last), 0n).after).toBe(BigInt(last));
  });
});

describe("pruneStart", () => {
  test.each([
    { name: "row 1", id: 1n, ageMs: 0, after: 0n },
    { name: "a short missing prefix, however old", id: START_FENCE + 1n, ageMs: 10 * PRUNED_AGE_MS, after: 0n },
    {
      name: "a long missing prefix below an old row",
      id: START_FENCE + 2n,
      ageMs: PRUNED_AGE_MS,
      after: START_FENCE + 1n,
    },
    {
      name: "a long missing prefix below a young row",
      id: 5n * START_FENCE + 1n,
      ageMs: PRUNED_AGE_MS - 1,
      after: 4n * START_FENCE,
    },
  ])("starts a table whose first row is $name after $after", ({ id, ageMs, after }) => {
    expect(pruneStart({ id, ageMs })).toBe(after);
  });

  test("is what a stream from the head goes by where its look back meets the table's start", () => {
    const first = 5n * START_FENCE + 1n;
    const ids = bigintRange(Number(first), Number(first) + 9);
    expect(headStart(ids, pruneStart({ id: first, ageMs: PRUNED_AGE_MS }))).toEqual({
      after: first + 9n,
      committed: new Set(),
    });
    expect(headStart(ids, pruneStart({ id: first, ageMs: 0 })).after).toBe(4n * START_FENCE);
  });
});
