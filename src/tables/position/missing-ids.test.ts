import { assert, integer, property, uniqueArray } from "fast-check";
import { describe, expect, test } from "vitest";
import { bigintRange } from "../../../test/support/events/stored-event.ts";
import { contiguous, MOST_IDS_A_ROUND, missingIds } from "./missing-ids.ts";

const rowsOf = (ids: readonly bigint[]): { id: string }[] => ids.map((id) => ({ id: String(id) }));

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
    expect(contiguous(after, rowsOf(ids))).toEqual({ count, gap });
  });

  test("passes exactly the ids below the first missing one, whatever is missing", () => {
    const universe = uniqueArray(integer({ min: 1, max: 60 }), { maxLength: 60 });
    assert(
      property(universe, (numbers) => {
        const ids = numbers.toSorted((a, b) => a - b).map(BigInt);
        let expected = 0;
        while (ids.includes(BigInt(expected + 1))) expected++;
        expect(contiguous(0n, rowsOf(ids)).count).toBe(expected);
      }),
    );
  });
});

describe("missingIds", () => {
  test.each([
    { name: "no rows", prev: 5n, visible: [], missing: [] },
    { name: "nothing missing", prev: 5n, visible: [6n, 7n], missing: [] },
    { name: "one gap", prev: 5n, visible: [8n], missing: [6n, 7n] },
    // Catches one that takes the first gap only: many gaps in a row would cost a round each.
    { name: "several gaps", prev: 5n, visible: [7n, 8n, 11n], missing: [6n, 9n, 10n] },
    { name: "the table's start", prev: 0n, visible: [3n], missing: [1n, 2n] },
    // Catches ids that go through a number.
    { name: "ids beyond 2^53", prev: 2n ** 53n, visible: [2n ** 53n + 3n], missing: [2n ** 53n + 1n, 2n ** 53n + 2n] },
  ])("are the ids below the last visible one that have no row: $name", ({ prev, visible, missing }) => {
    expect(missingIds(prev, visible)).toEqual(missing);
  });

  // Catches one that builds the whole list first: a gap of 2^62 ids would fill the memory.
  test("are at most a round's worth, the lowest", () => {
    expect(missingIds(0n, [2n ** 62n])).toEqual(bigintRange(1, MOST_IDS_A_ROUND));
    expect(missingIds(0n, [4n, BigInt(MOST_IDS_A_ROUND) + 100n])).toEqual([
      ...bigintRange(1, 3),
      ...bigintRange(5, MOST_IDS_A_ROUND + 1),
    ]);
  });

  test("and the visible ones are all ids up to the last visible one", () => {
    const visible = uniqueArray(integer({ min: 1, max: 80 }), { maxLength: 40 });
    assert(
      property(visible, (numbers) => {
        const rows = numbers.toSorted((a, b) => a - b).map(BigInt);
        const all = [...rows, ...missingIds(0n, rows)].toSorted((a, b) => Number(a - b));
        expect(all).toEqual(bigintRange(1, Number(rows.at(-1) ?? 0n)));
      }),
    );
  });
});
