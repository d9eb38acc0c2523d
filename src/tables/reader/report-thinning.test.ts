import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ReportThinning } from "./report-thinning.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

// Catches a silence that outlasts the failures that it was for, and a count that is forgotten with it.
test("a failure after a long time without one is reported, and so is one soon after it", () => {
  const thinning = new ReportThinning();
  for (let count = 0; count < 1000; count++) {
    thinning.next();
    vi.advanceTimersByTime(10);
  }
  expect(thinning.next()).toBeUndefined();
  vi.advanceTimersByTime(5001);
  const told = thinning.next();
  expect(told?.unreported).toBeGreaterThan(1);
  vi.advanceTimersByTime(50);
  expect(thinning.next()).toEqual({});
});
