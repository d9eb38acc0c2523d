import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { leftOut } from "../../bench/left-out.ts";
import { checkVariant } from "../../tools/variants/apply-variant.ts";
import { readSources } from "../../tools/variants/variant-plugin.ts";
import { mutants } from "./mutants.ts";

const sources = readSources();

// Catches mutants that have rotted: a name that is no longer there, or a test that was renamed, and no one noticed.
test.each(mutants)("the mutant $name replaces what is there once and names tests that exist", (mutant) => {
  expect(mutant.parts.length).toBeGreaterThan(0);
  checkVariant(mutant, sources);
  for (const { file, title } of mutant.tests) {
    expect(readFileSync(new URL(`../../${file}`, import.meta.url), "utf8")).toContain(`"${title}`);
  }
});

test("variants have names of their own", () => {
  const names = [...mutants, ...leftOut].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

// Catches a place that no variant replaces any more, whose comment would stay for ever.
test("each place that the source marks is one of a variant", () => {
  const marked = [...sources.values()].flatMap((code) => [...code.matchAll(/\/\/ variant place: (.+)/g)]);
  const replaced = [...mutants, ...leftOut].flatMap(({ parts }) => parts.filter((part) => "place" in part));
  expect(new Set(marked.map(([, place]) => place))).toEqual(new Set(replaced.map(({ place }) => place)));
});
