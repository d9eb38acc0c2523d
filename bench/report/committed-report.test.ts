import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { benchCases } from "../bench-cases.ts";
import { readResults } from "../keep-results.ts";
import { drawReport } from "./draw-report.ts";
import { figuresOf } from "./figure-columns.ts";
import { meaningOf } from "./figure-names.ts";

const docs = fileURLToPath(new URL("../../docs/", import.meta.url));

describe("docs/benchmarks", async () => {
  const results = await readResults(docs);
  const drawn = drawReport(results, benchCases);

  test("hold what is drawn from benchmarks.json: `npm run bench:report` after a change of either", () => {
    for (const [name, text] of drawn) expect({ [name]: readFileSync(docs + name, "utf8") }).toEqual({ [name]: text });
    const charts = readdirSync(`${docs}benchmarks`).map((name) => `benchmarks/${name}`);
    expect(["benchmarks.md", ...charts].toSorted()).toEqual([...drawn.keys()].toSorted());
  });

  test("hold no results of a case that is gone", () => {
    const names = benchCases.map(({ name }) => name);
    expect(results.map((result) => result.case).filter((name) => !names.includes(name))).toEqual([]);
  });

  test("explain every column: figure-names.ts tells what they mean", () => {
    const figures = figuresOf(results.flatMap(({ rows }) => rows));
    const unexplained = figures.filter(
      (figure) => !/^(lowest|highest)/.test(figure) && meaningOf(figure) === undefined,
    );
    expect(unexplained).toEqual([]);
  });
});
