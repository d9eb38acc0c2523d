import { AssertionError } from "node:assert";
import { expect } from "vitest";

/** What a check says that must fail. */
export async function complaint(check: Promise<void>): Promise<string> {
  const error = await check.then(
    () => new Error("it passed"),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AssertionError);
  return (error as AssertionError).message;
}
