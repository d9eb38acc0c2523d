import { expect, test } from "vitest";
import { problemsOf, type Tally } from "./sample.ts";

const tally: Tally = { name: "a stream", table: "events_a", count: 3, sum: 6, outOfOrder: 0, again: 0 };
const totals = [{ table: "events_a", count: 3, sum: 6 }];

test("a reader that was given the table's events, each once, is good", () => {
  expect(problemsOf([tally, { ...tally, again: 2 }], totals)).toEqual([]);
});

// Catches a soak that is green whatever happens.
test.each<[Partial<Tally>, string]>([
  [{ count: 2 }, "a stream: 2 events of 3"],
  [{ sum: 7 }, "a stream: other events than those of the table"],
  [{ outOfOrder: 1 }, "a stream: 1 out of order"],
])("with %j it is %s", (change, problem) => {
  expect(problemsOf([{ ...tally, ...change }], totals)).toEqual([problem]);
});

test("an empty table shows nothing", () => {
  const nothing = [{ table: "events_a", count: 0, sum: 0 }];
  expect(problemsOf([{ ...tally, count: 0, sum: 0 }], nothing)).toEqual([
    "a stream: its table is empty, so that nothing was shown",
  ]);
});
