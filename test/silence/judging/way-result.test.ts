import { expect, test } from "vitest";
import type { WaitVerdict } from "./judge-wait.ts";
import { resultTable } from "./result-table.ts";
import { problemsOf, type WayResult } from "./way-result.ts";

const wait: WaitVerdict = {
  reader: "r",
  waitedMs: 12_000,
  void: false,
  mustBeTold: true,
  toldAfterMs: 4000,
  rightAfterMs: 4000,
  first: "locked",
  blockerRight: undefined,
  wrong: [],
  backAfterMs: 40,
  backLate: false,
  neverBack: false,
};

const good: WayResult = {
  way: "locked-at-gap",
  server: "mariadb",
  seed: 1,
  tries: 2,
  verdicts: [wait, { ...wait, toldAfterMs: 5000, backAfterMs: 60 }],
  lost: 0,
  outOfOrder: 0,
  again: 0,
  seconds: 13,
};

test("a result without a problem is good, and one that was not played is neither", () => {
  expect(problemsOf(good)).toEqual([]);
  expect(resultTable([good])).toMatch(
    /\| locked-at-gap \| MariaDB \| 2\/2 \| 5000\/5000 \| locked 2 \| .* 60\/60 \| 0 \| good \|/,
  );
  const skipped: WayResult = { ...good, verdicts: [], skipped: "no right" };
  expect(problemsOf(skipped)).toEqual([]);
  expect(resultTable([skipped])).toMatch(/skipped: no right \|$/);
});

test.each<[string, Partial<WayResult>]>([
  ["1 not told in time", { verdicts: [wait, { ...wait, toldAfterMs: undefined }] }],
  ["1 with a wrong cause", { verdicts: [wait, { ...wait, wrong: ["in_flight: row 2"] }] }],
  ["only 1 waits, 2 make it count", { verdicts: [wait, { ...wait, void: true }] }],
  ["1 with another session named as what holds them up", { verdicts: [wait, { ...wait, blockerRight: false }] }],
  ["1 never went on", { verdicts: [wait, { ...wait, neverBack: true, backAfterMs: undefined }] }],
  ["1 back too late", { verdicts: [wait, { ...wait, backAfterMs: 3700, backLate: true }] }],
  ["3 lost", { lost: 3 }],
  ["1 out of order", { outOfOrder: 1 }],
  ["Error: no", { failure: "Error: no" }],
])("it is bad with %s", (problem, change) => {
  expect(problemsOf({ ...good, ...change })).toEqual([problem]);
});
