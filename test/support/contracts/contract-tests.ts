import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import type { ContractCase } from "../../../src/testing/contracts/contract-case.ts";

/** For machines that are busy with other tests. */
export const patienceMs = 20_000;

/** Registers the cases of a contract. What each catches is tried out beside the contract, on wrong subjects. */
export function registerCases(cases: readonly ContractCase[]): void {
  test.each(cases)("$name", ({ run }) => expect(run()).resolves.toBeUndefined());
}

/** A name that no other table has. */
export function newTableName(): string {
  return `t_${randomBytes(6).toString("hex")}`;
}
