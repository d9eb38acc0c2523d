import { expect, test } from "vitest";
import { choosePace } from "./pace.ts";

test.each([
  { kind: "private", transactionMs: 0.5, pace: 200 },
  { kind: "sqlite", transactionMs: 0.5, pace: 100 },
  { kind: "yours", transactionMs: 5, pace: 50 },
  { kind: "yours", transactionMs: 400, pace: 20 },
] as const)("$pace orders a second on $kind at $transactionMs ms a transaction", ({ kind, transactionMs, pace }) => {
  expect(choosePace(kind, transactionMs)).toBe(pace);
});
