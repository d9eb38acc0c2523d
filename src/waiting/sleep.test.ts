import { getEventListeners } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { sleep } from "./sleep.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("resolves after the delay, not before, and leaves no listener on the signal", async () => {
  const { signal } = new AbortController();
  let awake = false;
  const slept = sleep(1000, { signal }).then(() => (awake = true));
  await vi.advanceTimersByTimeAsync(999);
  expect(awake).toBe(false);
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  await slept;
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test.each([{ reason: new Error("enough") }, { reason: "enough" }, { reason: null }])(
  "an abort while it sleeps rejects with the reason $reason itself and ends the timer",
  async ({ reason }) => {
    const controller = new AbortController();
    const slept = sleep(1000, { signal: controller.signal });
    controller.abort(reason);
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
    await expect(slept).rejects.toBe(reason);
  },
);

test("a signal that is aborted already makes it reject, not throw, and starts no timer", async () => {
  const reason = new Error("enough");
  let slept: Promise<void> | undefined;
  expect(() => {
    slept = sleep(1000, { signal: AbortSignal.abort(reason) });
  }).not.toThrow();
  expect(vi.getTimerCount()).toBe(0);
  await expect(slept).rejects.toBe(reason);
});

test("an abort after the end changes nothing", async () => {
  const controller = new AbortController();
  const slept = sleep(10, { signal: controller.signal });
  await vi.advanceTimersByTimeAsync(10);
  controller.abort(new Error("too late"));
  await expect(slept).resolves.toBeUndefined();
});

// Catches a wake-up that leaves its timer, its listener or its waker behind.
test.each(["the timer", "a wake-up", "an abort"])(
  "what began with the sleep is undone once when %s ends it",
  async (end) => {
    const controller = new AbortController();
    const undo = vi.fn<() => void>();
    let wake: () => void = () => undefined;
    const slept = sleep(1000, {
      signal: controller.signal,
      onBegin: (wakeUp) => {
        wake = wakeUp;
        return undo;
      },
    }).catch((error: unknown) => error);
    expect(undo).not.toHaveBeenCalled();
    if (end === "the timer") await vi.advanceTimersByTimeAsync(1000);
    else if (end === "a wake-up") wake();
    else controller.abort("enough");
    expect(await slept).toBe(end === "an abort" ? "enough" : undefined);
    expect(undo).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  },
);

// Catches node:timers/promises in its place, which fires such a timer at once.
test("sleeps for longer than one timer of Node.js can", async () => {
  let awake = false;
  const slept = sleep(2 ** 31).then(() => (awake = true));
  await vi.advanceTimersByTimeAsync(2 ** 31 - 1);
  expect(awake).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await slept;
});
