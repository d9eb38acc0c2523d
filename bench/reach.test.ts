import { expect, test } from "vitest";
import { describeBounds, verdictOf } from "./reach.ts";

const atLeast = { figure: "ratio", atLeast: 1.5 };
const atMost = { figure: "p50Ms", atMost: 8 };
const between = { figure: "ratio", atLeast: 1, atMost: 2 };

test.each([
  [atLeast, { ratio: 1.5 }, "reached"],
  [atLeast, { ratio: 1.49 }, "MISSED"],
  [atMost, { p50Ms: 8 }, "reached"],
  [atMost, { p50Ms: 8.01 }, "MISSED"],
  [atMost, { p50Ms: 0 }, "reached"],
  [between, { ratio: 0.9 }, "MISSED"],
  [between, { ratio: 1.5 }, "reached"],
  [between, { ratio: 2.1 }, "MISSED"],
])("%j with %j is %s", (reach, figures, verdict) => {
  expect(verdictOf(reach, figures)).toBe(verdict);
});

test("a figure that is absent, or no number, is neither reached nor missed", () => {
  expect(verdictOf(atMost, {})).toBe("not measured");
  expect(verdictOf(atMost, { p50Ms: Number.NaN })).toBe("not measured");
  const fromJson = JSON.parse(JSON.stringify({ p50Ms: Number.NaN }));
  expect(fromJson).toEqual({ p50Ms: null });
  expect(verdictOf(atMost, fromJson)).toBe("not measured");
});

test("bounds in words", () => {
  const words = { least: "at least", most: "at most", format: String };
  expect(describeBounds(atLeast, words)).toBe("at least 1.5");
  expect(describeBounds(between, words)).toBe("at least 1, at most 2");
});
