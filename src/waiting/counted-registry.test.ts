import { expect, test } from "vitest";
import { CountedRegistry } from "./counted-registry.ts";

function numbered(): { readonly registry: CountedRegistry<string, number>; readonly make: () => number } {
  let made = 0;
  return { registry: new CountedRegistry(), make: () => ++made };
}

// Catches a value that ends under the user who came second.
test("makes a value for its first user, and gives it back with its last", () => {
  const { registry, make } = numbered();
  expect([registry.acquire("a", make), registry.acquire("a", make)]).toEqual([1, 1]);
  expect(registry.release("a")).toBeUndefined();
  expect(registry.release("a")).toBe(1);
});

test("makes another for whoever comes after the last", () => {
  const { registry, make } = numbered();
  registry.acquire("a", make);
  registry.release("a");
  expect(registry.acquire("a", make)).toBe(2);
});

test("counts each key by itself, in the order in which they came", () => {
  const { registry, make } = numbered();
  for (const key of ["b", "a", "b", "c"]) registry.acquire(key, make);
  expect(registry.values).toEqual([1, 2, 3]);
  expect(registry.release("a")).toBe(2);
  expect([registry.values, registry.size]).toEqual([[1, 3], 2]);
});

// Catches a count that falls below 0: the next user's value would end at once, or never.
test("a release too many changes nothing", () => {
  const { registry, make } = numbered();
  expect(registry.release("a")).toBeUndefined();
  registry.acquire("a", make);
  expect(registry.release("a")).toBe(1);
});

test("a value that can't be made is not counted", () => {
  const { registry, make } = numbered();
  const failing = (): number => {
    throw new Error("no");
  };
  expect(() => registry.acquire("a", failing)).toThrow("no");
  expect(registry.size).toBe(0);
  registry.acquire("a", make);
  expect(registry.release("a")).toBe(1);
});
