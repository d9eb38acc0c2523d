import { assert, integer, property, uniqueArray } from "fast-check";
import { describe, expect, test } from "vitest";
import { MOST_IDS_A_ROUND, missingIds } from "./missing-ids.ts";

const range = (from: number, to: number): bigint[] =>
  Array.from({ length: to - from + 1 }, (_, index) => BigInt(from + index));

describe("missingIds", () => {
  test.each([
    { name: "no rows", prev: 5n, visible: [], missing: [] },
    { name: "nothing missing", prev: 5n, visible: [6n, 7n], missing: [] },
    { name: "one gap", prev: 5n, visible: [8n], missing: [6n, 7n] },
    // Catches one that takes the first gap only: a flock of gaps would cost a round each.
    { name: "several gaps", prev: 5n, visible: [7n, 8n, 11n], missing: [6n, 9n, 10n] },
    { name: "the table's start", prev: 0n, visible: [3n], missing: [1n, 2n] },
    // Catches ids that go through a number.
    { name: "ids beyond 2^53", prev: 2n ** 53n, visible: [2n ** 53n + 3n], missing: [2n ** 53n + 1n, 2n ** 53n + 2n] },
  ])("are the ids below the last visible one that have no row: $name", ({ prev, visible, missing }) => {
    expect(missingIds(prev, visible)).toEqual(missing);
  });

  // Catches one that builds the whole list first: a gap of 2^62 ids would fill the memory.
  test("are at most a round's worth, the lowest", () => {
    expect(missingIds(0n, [2n ** 62n])).toEqual(range(1, MOST_IDS_A_ROUND));
    expect(missingIds(0n, [4n, BigInt(MOST_IDS_A_ROUND) + 100n])).toEqual([
      ...range(1, 3),
      ...range(5, MOST_IDS_A_ROUND + 1),
    ]);
  });

  test("and the visible ones are all ids up to the last visible one", () => {
    const visible = uniqueArray(integer({ min: 1, max: 80 }), { maxLength: 40 });
    assert(
      property(visible, (numbers) => {
        const rows = numbers.toSorted((a, b) => a - b).map(BigInt);
        const all = [...rows, ...missingIds(0n, rows)].toSorted((a, b) => Number(a - b));
        expect(all).toEqual(range(1, Number(rows.at(-1) ?? 0n)));
      }),
    );
  });
});
