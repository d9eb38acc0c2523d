import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { isThenable } from "./thenable.ts";

test.each([
  ["a promise", Promise.resolve()],
  ["a promise of another realm", runInNewContext("Promise.resolve()")],
  // oxlint-disable-next-line unicorn/no-thenable -- what a query builder is
  ["an object with a then function", { then: () => undefined }],
  // oxlint-disable-next-line unicorn/no-thenable -- what a query builder is
  ["a function with a then function", Object.assign(() => undefined, { then: () => undefined })],
])("%s can be awaited", (_what, value) => {
  expect(isThenable(value)).toBe(true);
});

// oxlint-disable-next-line unicorn/no-thenable -- what is asked about
test.each([undefined, null, 0, "then", {}, { then: 1 }, () => undefined])("%o is a value like any other", (value) => {
  expect(isThenable(value)).toBe(false);
});
