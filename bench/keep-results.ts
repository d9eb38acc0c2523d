import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BenchCase } from "./bench-case.ts";
import { type BenchResult, withResult } from "./bench-result.ts";
import { CHARTS, drawReport } from "./report/draw-report.ts";

const RESULTS = "benchmarks.json";

/** The results that the folder of the docs holds: none before the first run. */
export async function readResults(docs: string): Promise<readonly BenchResult[]> {
  const path = join(docs, RESULTS);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return [];
  try {
    return (JSON.parse(text) as { results: readonly BenchResult[] }).results;
  } catch (error) {
    throw new Error(`${path} can't be read: mend it, or delete it and measure again`, { cause: error });
  }
}

/** Puts a result to the others in the docs, where it takes the place of an older one. */
export async function keepResult(docs: string, result: BenchResult): Promise<void> {
  const results = withResult(await readResults(docs), result);
  const path = join(docs, RESULTS);
  // Renamed when it is whole: what a run of an hour found must not be lost to an interruption here.
  await writeFile(`${path}.new`, `${JSON.stringify({ results }, undefined, 2)}\n`);
  await rename(`${path}.new`, path);
}

/** Draws the page and the charts from the results that the folder holds. */
export async function writeReport(docs: string, cases: readonly BenchCase[]): Promise<void> {
  const files = drawReport(await readResults(docs), cases);
  await rm(join(docs, CHARTS), { recursive: true, force: true });
  for (const [name, text] of files) {
    const path = join(docs, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}
