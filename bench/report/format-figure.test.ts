import { expect, test } from "vitest";
import { columnName } from "./figure-names.ts";
import { formatAgainst, formatFigure } from "./format-figure.ts";

test.each([
  ["ratio", 2, "2.00"],
  ["ratio", 0.715, "0.72"],
  ["ratio", 12.34, "12.3"],
  ["lowest", 1_500_000, "1,500,000"],
  ["p50Ms", 8, "8.00"],
  ["p50Ms", 0, "0.00"],
  ["p50Ms", 0.0123, "0.012"],
  ["maxMs", 1234.5, "1,235"],
  ["n", 500, "500"],
  ["ids", 10_001, "10,001"],
  ["eventsPerSecond", 1_234_567, "1,230,000"],
  ["statementsPerSecond", 3.45, "3.45"],
])("%s %d is %s", (name, value, text) => {
  expect(formatFigure(name, value)).toBe(text);
});

test("what is no number has a sign of its own", () => {
  expect([undefined, null, Number.NaN].map((value) => formatFigure("ratio", value))).toEqual(["–", "–", "–"]);
});

test("a figure is never rounded to the other side of its target", () => {
  const reach = { figure: "p50Ms", atMost: 35 };
  expect(formatAgainst(reach, { p50Ms: 35.04 })).toBe("35.04");
  expect(formatAgainst(reach, { p50Ms: 34.96 })).toBe("35.0");
  expect(formatAgainst({ figure: "ratio", atLeast: 1.5 }, { ratio: 1.4999 })).toBe("1.4999");
  expect(formatAgainst({ figure: "eventsPerSecond", atLeast: 1e6 }, { eventsPerSecond: 999_900 })).toBe("999,900");
  expect(formatAgainst(reach, {})).toBe("–");
});

test.each([
  ["p50Ms", "p50 (ms)"],
  ["eventLoopP999Ms", "event loop p99.9 (ms)"],
  ["eventsPerSecond", "events/s"],
  ["eventsPerSecondFirst", "events/s first"],
  ["heapGrowthMiB", "heap growth (MiB)"],
  ["pageMsOfSmall", "page of small (ms)"],
  ["statementsOfOne", "statements of one"],
  ["ratio", "ratio"],
  ["n", "n"],
])("%s heads its column as %s", (figure, name) => {
  expect(columnName(figure)).toBe(name);
});
