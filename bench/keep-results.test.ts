import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keepResult, readResults, writeReport } from "./keep-results.ts";
import { sampleCases, sampleResult, sampleResults } from "./report/sample-results.ts";

let docs: string;
beforeEach(async () => {
  docs = await mkdtemp(join(tmpdir(), "rsql-bench-"));
});
afterEach(() => rm(docs, { recursive: true, force: true }));

test("results are in the file as soon as each is kept, and nothing else is left", async () => {
  expect(await readResults(docs)).toEqual([]);
  for (const [index, result] of sampleResults.entries()) {
    await keepResult(docs, result);
    expect(await readResults(docs)).toHaveLength(index + 1);
  }
  expect(await readdir(docs)).toEqual(["benchmarks.json"]);
});

test("a result that failed leaves the file as it is", async () => {
  const good = sampleResult({ rows: [{ name: "a row", figures: { ratio: 1 } }] });
  await keepResult(docs, good);
  await keepResult(docs, sampleResult({ failure: "no connection" }));
  expect(await readResults(docs)).toEqual([good]);
});

test("a file that can't be read is not written over", async () => {
  await writeFile(join(docs, "benchmarks.json"), "{ torn");
  await expect(keepResult(docs, sampleResult())).rejects.toThrow(/benchmarks\.json can't be read/);
  expect(await readFile(join(docs, "benchmarks.json"), "utf8")).toBe("{ torn");
});

test("the report is written from what the folder holds, without charts of old", async () => {
  for (const result of sampleResults) await keepResult(docs, result);
  await writeReport(docs, sampleCases);
  await writeFile(join(docs, "benchmarks", "gone.svg"), "");
  await writeReport(docs, sampleCases);
  expect((await readdir(join(docs, "benchmarks"))).toSorted()).toEqual(["reading.svg", "waiting.svg"]);
  expect(await readFile(join(docs, "benchmarks.md"), "utf8")).toContain("## Reading, of all kinds");
});
