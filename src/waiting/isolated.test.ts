import { expect, test } from "vitest";
import { isolated } from "./isolated.ts";

const error = new Error("boom");
function boom(): never {
  throw error;
}

test.each([
  ["throws", boom],
  ["rejects with", async () => boom()],
])("hands on what the call %s, once, and throws nothing", async (_how, call) => {
  const errors: unknown[] = [];
  expect(() => isolated(call, (thrown) => errors.push(thrown))).not.toThrow();
  await new Promise(setImmediate);
  expect(errors).toEqual([error]);
});

test("a call that goes well, at once or later, is no error", async () => {
  const errors: unknown[] = [];
  isolated(
    () => 5,
    (thrown) => errors.push(thrown),
  );
  isolated(
    async () => 5,
    (thrown) => errors.push(thrown),
  );
  await new Promise(setImmediate);
  expect(errors).toEqual([]);
});
