import { expect, test } from "vitest";
import { rejecting } from "./rejecting.ts";

test("what is thrown before there is a promise comes as a rejection", async () => {
  const mine = new Error("mine");
  const throwing = (): Promise<never> => {
    throw mine;
  };
  await expect(rejecting(throwing)).rejects.toBe(mine);
});

test("a promise is given as it is", () => {
  const promise = Promise.resolve(1);
  expect(rejecting(() => promise)).toBe(promise);
});
