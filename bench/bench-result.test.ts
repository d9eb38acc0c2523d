import { expect, test } from "vitest";
import { withResult } from "./bench-result.ts";
import { sampleResult } from "./report/sample-results.ts";

const rows = [{ name: "a row", figures: { ratio: 1 } }];
const reading = sampleResult({ rows });
const readingOnMysql = sampleResult({ vendor: "mysql", rows });
const waiting = sampleResult({ case: "waiting", rows });

test("a result takes the place of the one of the same case and server, and of no other", () => {
  const newer = sampleResult({ rows, node: "22.0.0", measuredAt: "2027-01-01T00:00:00.000Z" });
  expect(withResult([reading, readingOnMysql, waiting], newer)).toEqual([newer, readingOnMysql, waiting]);
});

test("in whatever order cases are measured, the results come to be the same", () => {
  const oneWay = [waiting, readingOnMysql, reading].reduce(withResult, []);
  const otherWay = [reading, readingOnMysql, waiting].reduce(withResult, []);
  expect(oneWay).toEqual([reading, readingOnMysql, waiting]);
  expect(otherWay).toEqual(oneWay);
});

test("a case that failed takes no place", () => {
  const failed = sampleResult({ failure: "no connection" });
  expect(withResult([reading], failed)).toEqual([reading]);
  expect(withResult([], failed)).toEqual([]);
});
