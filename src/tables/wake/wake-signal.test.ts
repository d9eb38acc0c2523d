import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { WakeSignal } from "./wake-signal.ts";

const forever = new AbortController().signal;

describe("WakeSignal", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  // Catches one that only wakes who waits already: an event that commits during a poll would wait for the back-off.
  test("does not wait when it was woken since the count was read", async () => {
    const wake = new WakeSignal();
    const seen = wake.count;
    wake.wake();
    await wake.beyond(seen, 10_000, forever);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("wakes all who wait, and leaves no timer", async () => {
    const wake = new WakeSignal();
    const waits = [wake.beyond(0, 10_000, forever), wake.beyond(0, 10_000, forever)];
    wake.wake();
    await Promise.all(waits);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("ends the wait at its limit", async () => {
    const wake = new WakeSignal();
    const woken = vi.fn<() => void>();
    const wait = wake.beyond(0, 500, forever).then(woken);
    await vi.advanceTimersByTimeAsync(499);
    expect(woken).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await wait;
    expect(wake.count).toBe(0);
  });

  // Catches a wait that is left behind by an ended stream, with its timer and listener.
  test("rejects with the signal's reason, also one that was aborted before, and leaves nothing behind", async () => {
    const wake = new WakeSignal();
    const ending = new AbortController();
    const wait = wake.beyond(0, 500, ending.signal);
    ending.abort("enough");
    await expect(wait).rejects.toBe("enough");
    await expect(wake.beyond(0, 500, ending.signal)).rejects.toBe("enough");
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(ending.signal, "abort")).toHaveLength(0);
  });
});
