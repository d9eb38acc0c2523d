import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { applyEdit, sourcePath } from "./mutant-plugin.ts";
import { mutants } from "./mutants.ts";

// Catches mutants that have rotted: a source that was rewritten, or a test that was renamed, and no one noticed.
test.each(mutants)("the mutant $name has its places in the source and names tests that exist", ({ edits, tests }) => {
  for (const edit of edits) {
    const source = readFileSync(sourcePath(edit), "utf8");
    expect(applyEdit(source, edit)).not.toBe(source);
  }
  expect(tests.length).toBeGreaterThan(0);
  for (const { file, title } of tests) expect(readFileSync(sourcePath({ file }), "utf8")).toContain(`"${title}`);
});

test("mutants have names of their own", () => {
  const names = mutants.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

test("a mutant whose place is not there exactly once is an error", () => {
  const edit = { file: "src/a.ts", find: "x", replace: "y" };
  expect(applyEdit("an x", edit)).toBe("an y");
  expect(() => applyEdit("none", edit)).toThrow("0 times in src/a.ts");
  expect(() => applyEdit("x and x", edit)).toThrow("2 times in src/a.ts");
});
