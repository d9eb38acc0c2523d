import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Deadlines, LATE_MS } from "./deadlines.ts";
import { LONGEST_TIMER_MS } from "./timer.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Adds a deadline in `delayMs`, which notes its name once it expires. */
function scene(): {
  deadlines: Deadlines;
  expired: string[];
  add: (name: string, delayMs: number, then?: () => void) => { met: () => void };
} {
  const deadlines = new Deadlines();
  const expired: string[] = [];
  return {
    deadlines,
    expired,
    add: (name, delayMs, then) => {
      const deadline = {
        atMs: performance.now() + delayMs,
        before: undefined,
        after: undefined,
        expire: () => {
          expired.push(name);
          then?.();
        },
      };
      deadlines.add(deadline, performance.now());
      return { met: () => deadlines.delete(deadline) };
    },
  };
}

describe("a deadline", () => {
  test("expires when it is over, once, whatever the order in which they were added", () => {
    const { expired, add } = scene();
    add("late", 300);
    add("early", 100);
    add("middle", 200);
    vi.advanceTimersByTime(99);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(expired).toEqual(["early"]);
    vi.advanceTimersByTime(100);
    expect(expired).toEqual(["early", "middle"]);
    vi.advanceTimersByTime(1000);
    expect(expired).toEqual(["early", "middle", "late"]);
  });

  test("that was met does not expire, and the timer that was set for it serves those after it", () => {
    const { expired, add } = scene();
    for (let statement = 0; statement < 1000; statement++) add("met", 100).met();
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(50);
    add("missed", 100);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(99);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(expired).toEqual(["missed"]);
  });

  test("that another one's end has met does not expire with it", () => {
    const { expired, add } = scene();
    const second: { met?: () => void } = {};
    add("first", 100, () => second.met?.());
    Object.assign(second, add("second", 100));
    vi.advanceTimersByTime(1000);
    expect(expired).toEqual(["first"]);
  });

  test("that is added as another one expires has its own time", () => {
    const { expired, add } = scene();
    add("first", 100, () => void add("second", 100));
    vi.advanceTimersByTime(199);
    expect(expired).toEqual(["first"]);
    vi.advanceTimersByTime(1);
    expect(expired).toEqual(["first", "second"]);
  });

  test("of longer than a timer of Node.js lasts does not expire before its time", () => {
    const { expired, add } = scene();
    add("far", LONGEST_TIMER_MS + 1001);
    vi.advanceTimersByTime(2 ** 31);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(expired).toEqual(["far"]);
  });
});

// Catches limits that never end again in a program whose tests have had a fake clock.
test("a timer that was lost with a fake clock is replaced", () => {
  const { expired, add } = scene();
  add("met", 100).met();
  vi.clearAllTimers();
  vi.advanceTimersByTime(LATE_MS + 200);
  add("missed", 100);
  vi.advanceTimersByTime(100);
  expect(expired).toEqual(["missed"]);
});

// Catches a timer left running that keeps a process alive which has nothing to wait for, and one that lets it end too soon.
test("a process is kept alive while there are any, and no longer", () => {
  vi.useRealTimers();
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const { add } = scene();
  const before = timers();
  const first = add("first", 60_000);
  const second = add("second", 60_000);
  expect(timers()).toBe(before + 1);
  first.met();
  expect(timers()).toBe(before + 1);
  second.met();
  second.met();
  expect(timers()).toBe(before);
  const third = add("third", 60_000);
  expect(timers()).toBe(before + 1);
  third.met();
  expect(timers()).toBe(before);
});
