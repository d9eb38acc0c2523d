import { expect, test } from "vitest";
import { anObserver } from "./observer-check.ts";

test("An observer has functions by known names", () => {
  expect(anObserver({})).toBeUndefined();
  expect(anObserver({ stall: () => undefined, error: undefined })).toBeUndefined();
});

// Catches an observer that is never called, since its function is misspelt.
test("An object without a class has no other names", () => {
  expect(anObserver({ stal: () => undefined })).toMatch(/stall, .*without "?stal"?$/);
  expect(anObserver(Object.assign(Object.create(null), { stal: 1 }))).toMatch(/without/);
});

// Catches a failure at each event, long after the mistake.
test("What has a known name is a function", () => {
  expect(anObserver({ consume: 5 })).toBe("an object whose consume is a function");
});

test("An object of a class may have methods and fields of its own", () => {
  class Metrics {
    stalls = 0;
    stall(): void {
      this.stalls++;
    }
  }
  expect(anObserver(new Metrics())).toBeUndefined();
  expect(anObserver([])).toBe("an object");
});
