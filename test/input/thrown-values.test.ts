import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const source = join(import.meta.dirname, "../../src");
const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter(
  (name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && !name.startsWith("errors/"),
);

// Catches a look at what others have thrown that a proxy or a getter can make fail, and a message that repeats its text: the
// room of errors has functions for both.
test.each([
  ["instanceof Error", /\binstanceof Error\b/],
  ["the text of an error", /\bString\((?:error|err|cause|reason|thrown)\)/],
])("no file but those of errors/ uses %s", (_what, pattern) => {
  const found = files.filter((name) =>
    readFileSync(join(source, name), "utf8")
      .split("\n")
      .some((line) => !line.trimStart().startsWith("*") && pattern.test(line)),
  );
  expect(files.length).toBeGreaterThan(100);
  expect(found).toEqual([]);
});
