import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { readText, tableRows, testProblem } from "../support/docs/named-tests.ts";

const page = readText("docs/guarantees.md");
const shown = tableRows(page, "Tests");
const lines = new Set(shown.map(([line]) => line));
const promises = [...page.matchAll(/^(\d)\. \*\*/gm)].map(([, number]) => number);
const assumptions = tableRows(page, "Assumed of the server and its users").map(([letter]) => letter);

// Catches a promise or an assumption that was added without a test that shows it.
test("docs/guarantees.md names a test for each promise and each assumption", () => {
  expect(promises).toEqual(["1", "2", "3", "4", "5", "6"]);
  expect(assumptions.length).toBeGreaterThan(0);
  expect([...promises, "Starts", ...assumptions].filter((line) => !lines.has(line))).toEqual([]);
});

// Catches a test that was moved, renamed or removed.
test("the tests that docs/guarantees.md names are there", () => {
  const problems = shown.map(([, cell]) => testProblem(cell));
  expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
});

// Catches a folder of tests of a promise that the page does not make.
test("docs/guarantees.md names each folder of tests of promises", () => {
  const folders = readdirSync(import.meta.dirname, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).filter((name) => !page.includes(`(../test/guarantees/${name}/`))).toEqual([]);
});
