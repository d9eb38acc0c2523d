import { expect, test } from "vitest";
import type { ContractCase } from "../../../src/testing/contracts/contract-case.ts";

/** For machines that are busy with other tests. */
export const patienceMs = 20_000;

/** Registers the cases of a contract. What each catches is tried out beside the contract, on wrong subjects. */
export function registerCases(cases: readonly ContractCase[]): void {
  test.each(cases)("$name", ({ run }) => expect(run()).resolves.toBeUndefined());
}
