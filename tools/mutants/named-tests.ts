import type { NamedTest } from "../../test/mutants/mutant.ts";

/** A test as vitest's JSON reporter tells of it. */
export interface TestResult {
  readonly fullName: string;
  readonly ancestorTitles: readonly string[];
  readonly status: string;
  readonly duration?: number;
  readonly failureMessages: readonly string[];
}

/** A pattern of all these tests' full names, for `vitest -t`. */
export function patternOf(tests: readonly NamedTest[]): string {
  return [...new Set(tests.map(({ title }) => escaped(title)))].join("|");
}

export function isOf({ title }: NamedTest, { fullName }: TestResult): boolean {
  return new RegExp(escaped(title)).test(fullName);
}

/** The server and driver that a test ran with, or "no server". */
export function serverOf({ ancestorTitles }: TestResult): string {
  return ancestorTitles.find((title) => / with (mysql2|mariadb)$/.test(title)) ?? "no server";
}

// What test.each puts into a title is not known here.
function escaped(title: string): string {
  return title.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll(/%[sij]/g, ".*");
}
