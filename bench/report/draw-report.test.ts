import { expect, test } from "vitest";
import { drawReport } from "./draw-report.ts";
import { sampleCase, sampleCases, sampleResult, sampleResults } from "./sample-results.ts";

const files = drawReport(sampleResults, sampleCases);
const page = files.get("benchmarks.md") ?? "";
const chart = files.get("benchmarks/reading.svg") ?? "";
const summary = page.slice(page.indexOf("## Targets"), page.indexOf("## Columns"));

/** A line of the summary as its cells. */
function summaryCells(start: string): readonly string[] {
  const line = summary.split("\n").find((candidate) => candidate.startsWith(`| ${start}`)) ?? "";
  return line.split(" | ").map((cell) => cell.replaceAll(/^\| | \|$/g, "").trim());
}

test("the page names every row and every note, in the tables and in the chart", () => {
  const details = page.slice(page.indexOf("## Columns"));
  for (const { name, note } of sampleResults.flatMap(({ rows }) => rows)) {
    expect(details).toContain(name.replaceAll("|", "\\|"));
    if (note !== undefined) expect(details).toContain(note);
  }
  expect(chart).toContain("what only MySQL has");
  expect(chart).toContain("not measured");
});

test("the summary marks what was reached, what was missed and what is absent", () => {
  expect(summaryCells("row by row")).toEqual(["row by row", "ratio ≥ 1.5", "1.62 reached", "1.4999 **MISSED**"]);
  expect(summaryCells("a page").slice(-3)).toEqual(["ratio ≥ 2; MySQL ≥ 1.8", "64.2 reached", "1.90 reached"]);
  expect(summaryCells("with a driver").slice(-2)).toEqual(["not measured", "not measured"]);
  expect(summaryCells("for the next event")).toEqual([
    "for the next event",
    "p50 ≤ 4 ms",
    "3.21 reached",
    "not measured",
  ]);
  expect(summary).toContain("MariaDB: 3 of 5 targets reached, **1 MISSED**, 1 not measured");
  expect(summary).toContain("MySQL: 1 of 5 targets reached, **1 MISSED**, 3 not measured");
});

test("a target that only one server has is no miss of the other", () => {
  const rows = [{ name: "a row", figures: { ratio: 0.5 } }];
  const results = [
    sampleResult({ rows }),
    sampleResult({ vendor: "mysql", rows: [{ name: "a row", figures: {}, reach: [{ figure: "ratio", atLeast: 1 }] }] }),
  ];
  const text = drawReport(results, [sampleCase()]).get("benchmarks.md");
  expect(text).toMatch(/\| a row +\| ratio ≥ 1 +\| 0.50, no target \| not measured \|/);
});

test("what the figures were taken with is told, and of which case where it differs", () => {
  expect(page).toContain("- 2 cores (A Processor), 8 GiB of memory, Node.js 20.20.2, mysql2 3.24.6\n");
  expect(page).toContain("- Servers: MariaDB 10.11.6, MySQL 9.7.4\n");
  expect(page).toContain("**MariaDB 10.11.6**, 7 rounds, 2026-01-02, load 0.4");
  const [first = sampleResult(), ...others] = sampleResults;
  const mixed = drawReport([{ ...first, node: "22.1.0" }, ...others], sampleCases).get("benchmarks.md");
  expect(mixed).toContain("Node.js 22.1.0, mysql2 3.24.6: reading on MariaDB 10.11.6\n");
});

test("a case that was measured nowhere is not in the report, one measured on one server says so", () => {
  expect(page).not.toContain("Not measured anywhere");
  expect(page).toContain("**MySQL**: not measured");
});

test("the summary links to the cases", () => {
  expect(page).toContain("**[reading]**");
  expect(page).toContain("[reading]: #reading-of-all-kinds\n");
  expect(page).toContain("## Reading, of all kinds\n");
});

test("the same results give the same bytes, whatever was drawn before", () => {
  expect(drawReport(sampleResults, sampleCases)).toEqual(files);
});

test("a chart can be read on a dark page, and marks what missed its target", () => {
  expect(chart).toMatch(/<rect width="840" height="\d+" x="0" y="0" fill="#ffffff">/);
  expect(chart).toContain("1.4999 misses its target");
  expect(chart).toContain("equal: 1");
});

test("a chart without a bar says that nothing was measured", () => {
  const results = [sampleResult({ rows: [{ name: "a row", figures: {}, note: "no server" }] })];
  const drawn = drawReport(results, [sampleCase({ chart: { figure: "p50Ms" } })]).get("benchmarks/reading.svg");
  expect(drawn).toContain("not measured");
  expect(drawn).not.toMatch(/NaN|Infinity|undefined/);
});

test("an axis on which the shortest bars would be dots has steps of ten", () => {
  const chartOf = (...ratios: number[]): string => {
    const rows = ratios.map((ratio) => ({ name: `ratio ${ratio}`, figures: { ratio } }));
    const cases = [sampleCase({ chart: { figure: "ratio", line: 1 } })];
    return drawReport([sampleResult({ rows })], cases).get("benchmarks/reading.svg") ?? "";
  };
  expect(chartOf(0.5, 10)).not.toContain("each step ten times the last");
  expect(chartOf(0.2, 10)).toContain("each step ten times the last");
  expect(chartOf(0, 100)).not.toMatch(/each step|NaN|Infinity/);
});
