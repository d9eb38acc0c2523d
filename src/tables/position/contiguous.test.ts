import { assert, integer, property, uniqueArray } from "fast-check";
import { describe, expect, test } from "vitest";
import { contiguous } from "./contiguous.ts";

const rows = (ids: readonly bigint[]): { id: string }[] => ids.map((id) => ({ id: String(id) }));

describe("contiguous", () => {
  test.each([
    { name: "no rows", after: 5n, ids: [], count: 0, gap: undefined },
    { name: "rows that follow the cursor", after: 5n, ids: [6n, 7n, 8n], count: 3, gap: undefined },
    { name: "a gap right after the cursor", after: 5n, ids: [7n], count: 0, gap: { prev: 5n, next: 7n } },
    { name: "a gap in between", after: 5n, ids: [6n, 9n, 10n], count: 1, gap: { prev: 6n, next: 9n } },
    { name: "the first of two gaps", after: 0n, ids: [1n, 3n, 5n], count: 1, gap: { prev: 1n, next: 3n } },
    { name: "an empty cursor, which expects id 1", after: 0n, ids: [2n], count: 0, gap: { prev: 0n, next: 2n } },
    {
      name: "ids beyond 2^53",
      after: 9007199254740992n,
      ids: [9007199254740993n, 9007199254740995n],
      count: 1,
      gap: { prev: 9007199254740993n, next: 9007199254740995n },
    },
  ])("stops at the first missing id: $name", ({ after, ids, count, gap }) => {
    expect(contiguous(after, rows(ids))).toEqual({ count, gap });
  });

  test("passes exactly the ids below the first missing one, whatever is missing", () => {
    const universe = uniqueArray(integer({ min: 1, max: 60 }), { maxLength: 60 });
    assert(
      property(universe, (numbers) => {
        const ids = numbers.toSorted((a, b) => a - b).map(BigInt);
        let expected = 0;
        while (ids.includes(BigInt(expected + 1))) expected++;
        expect(contiguous(0n, rows(ids)).count).toBe(expected);
      }),
    );
  });
});
