import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Reporting, type StallReport } from "../../reflex/observer.ts";
import { STALL_AFTER_MS, StallWatch } from "./stall-watch.ts";

const gap = { prev: 4n, next: 6n };
const inFlight = { reason: "in_flight", message: "its transaction is open" } as const;

describe("StallWatch", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function watch(): { stall: StallWatch; reports: StallReport[] } {
    const reports: StallReport[] = [];
    const reporting = new Reporting([{ stall: (report) => void reports.push(report) }], undefined);
    return { stall: new StallWatch("orders", reporting), reports };
  }

  // Catches one that cries at every short gap, and one that cries at every poll.
  test("tells once of a stream that stands for long, and once when it goes on", () => {
    const { stall, reports } = watch();
    stall.blocked(gap, inFlight);
    vi.advanceTimersByTime(STALL_AFTER_MS - 1);
    stall.blocked(gap, inFlight);
    expect(reports).toEqual([]);
    vi.advanceTimersByTime(1);
    stall.blocked(gap, inFlight);
    stall.blocked(gap, inFlight);
    expect(reports).toEqual([
      {
        table: "orders",
        prev: "4",
        next: "6",
        state: "stalled",
        reason: "in_flight",
        waitedMs: STALL_AFTER_MS,
        message: "the stream of orders has waited 5 s for row 5, missing below row 6: its transaction is open",
      },
    ]);
    vi.advanceTimersByTime(2000);
    stall.resolved();
    stall.resolved();
    expect(reports).toHaveLength(2);
    expect(reports[1]).toMatchObject({ state: "resumed", prev: "4", next: "6", waitedMs: STALL_AFTER_MS + 2000 });
  });

  test("tells nothing of a stream that went on in time", () => {
    const { stall, reports } = watch();
    stall.blocked(gap, inFlight);
    vi.advanceTimersByTime(STALL_AFTER_MS - 1);
    stall.resolved();
    stall.blocked(gap, inFlight);
    vi.advanceTimersByTime(STALL_AFTER_MS - 1);
    stall.blocked(gap, inFlight);
    expect(reports).toEqual([]);
  });

  // Catches one that tells the first reason only: "in flight" stays on the screen though the disk is full.
  test("tells again when the reason changes, and counts from the beginning", () => {
    const { stall, reports } = watch();
    stall.blocked(gap, inFlight);
    vi.advanceTimersByTime(STALL_AFTER_MS);
    stall.blocked(gap, inFlight);
    stall.blocked({ prev: 4n, next: 9n }, { reason: "not_writable", message: "read-only" });
    expect(reports.map(({ reason, next }) => [reason, next])).toEqual([
      ["in_flight", "6"],
      ["not_writable", "9"],
    ]);
    expect(reports[1]?.message).toContain("rows 5 to 8");
    expect(reports[1]?.waitedMs).toBe(STALL_AFTER_MS);
  });

  // Catches one whose clock runs on from an earlier gap.
  test("counts anew at another place", () => {
    const { stall, reports } = watch();
    stall.blocked(gap, inFlight);
    vi.advanceTimersByTime(STALL_AFTER_MS);
    stall.blocked({ prev: 7n, next: 9n }, inFlight);
    expect(reports).toEqual([]);
  });

  test("tells of a server that lags at the stream's position", () => {
    const { stall, reports } = watch();
    stall.lagging(4n);
    vi.advanceTimersByTime(STALL_AFTER_MS);
    stall.lagging(4n);
    expect(reports[0]).toMatchObject({ reason: "lagging", prev: "4", next: "", state: "stalled" });
  });
});
