import { expect, test } from "vitest";
import { countHistory } from "./count-history.ts";
import { addResults, problemsOf, type ScenarioResult } from "./result.ts";
import { resultLine } from "./result-line.ts";

const nothing = countHistory({ acknowledged: [], unknown: new Set(), consumers: [], rows: [], removed: "none" });
const good: ScenarioResult = {
  scenario: "kill-server",
  server: "mariadb",
  seed: 7,
  rounds: 1,
  consumers: 2,
  counts: { ...nothing, acknowledged: 120, delivered: 240, longestSilenceMs: 20.4 },
  faults: { "server killed": 4, "writer killed": 1 },
  least: { events: 100, faults: { "server killed": 4 } },
  held: undefined,
  mustHold: false,
  failure: undefined,
  skipped: undefined,
  seconds: 12.34,
};

test("a result with the least numbers and nothing wrong is good", () => {
  expect(problemsOf(good)).toEqual([]);
  expect(resultLine(good)).toBe(
    "kill-server               MariaDB  acknowledged 120/100, delivered 240 to 2, again 0, lost 0, phantom 0, out of order 0, silence 20 ms, faults server killed 4/4, writer killed 1/0, seed 7, 12.3 s: good",
  );
});

test.each<{ name: string; with: Partial<ScenarioResult>; problem: string }>([
  { name: "an event is lost", with: { counts: { ...good.counts, lost: 1 } }, problem: "1 lost" },
  { name: "one is a phantom", with: { counts: { ...good.counts, phantom: 2 } }, problem: "2 phantom" },
  { name: "one is out of order", with: { counts: { ...good.counts, outOfOrder: 1 } }, problem: "1 out of order" },
  {
    name: "there were too few events",
    with: { least: { ...good.least, events: 121 } },
    problem: "only 120 events, 121 make it count",
  },
  {
    name: "there were too few faults",
    with: { faults: { "writer killed": 9 } },
    problem: 'only 0 of the fault "server killed", 4 make it count',
  },
  { name: "it could not be played", with: { failure: "Error: no room" }, problem: "Error: no room" },
  {
    name: "a consumer had to hold and did not",
    with: { mustHold: true, held: "no" },
    problem: "a consumer did not hold, though it was on another history",
  },
  {
    name: "a consumer had to hold and nobody looked",
    with: { mustHold: true, held: undefined },
    problem: "a consumer did not hold, though it was on another history",
  },
  {
    name: "a consumer went on by itself",
    with: { mustHold: true, held: "went on" },
    problem: "a consumer went on by itself on another history",
  },
])("a result is bad when $name", ({ with: wrong, problem }) => {
  const bad = { ...good, ...wrong };
  expect(problemsOf(bad)).toEqual([problem]);
  expect(resultLine(bad)).toMatch(new RegExp(`BAD: ${problem}$`));
});

test.each(["yes", "not needed"] as const)("a result is good when consumers held: %s", (held) => {
  const result = { ...good, mustHold: held === "yes", held };
  expect(problemsOf(result)).toEqual([]);
  expect(resultLine(result)).toContain(`held: ${held},`);
});

test("what was skipped is neither good nor bad, and says why", () => {
  const skipped = { ...good, counts: nothing, faults: {}, skipped: "no right to make a network namespace" };
  expect(problemsOf(skipped)).toEqual([]);
  expect(resultLine(skipped)).toBe("kill-server               MariaDB  skipped: no right to make a network namespace");
});

test("rounds are added up, and the worst of them counts", () => {
  const bad = { ...good, held: "went on", failure: "Error: no room", counts: { ...good.counts, lost: 3 } } as const;
  const sum = addResults({ ...good, held: "yes" }, bad);
  expect(sum).toMatchObject({
    rounds: 2,
    counts: { acknowledged: 240, delivered: 480, lost: 3 },
    faults: { "server killed": 8, "writer killed": 2 },
    least: { events: 200, faults: { "server killed": 8 } },
    held: "went on",
    failure: "Error: no room",
  });
});
