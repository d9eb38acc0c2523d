import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { STALL_AFTER_MS } from "../../database/sessions/long-wait.ts";
import { Reporting, type StallReport } from "../../reflex/observer.ts";
import { StallWatch } from "./stall-watch.ts";

const gap = { prev: 4n, next: 6n };
const inFlight = { reason: "in_flight", message: "its transaction is open" } as const;

describe("StallWatch", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function watch(): { stall: StallWatch; reports: StallReport[] } {
    const reports: StallReport[] = [];
    const reporting = new Reporting([{ stall: (report) => void reports.push(report) }], undefined);
    return { stall: new StallWatch({ table: "orders", reporting, prev: 4n }), reports };
  }

  // Catches one that cries at every short gap, and one that cries at every poll.
  test("tells once of a stream that stands for long, and once when it goes on", async () => {
    const { stall, reports } = watch();
    stall.blocked(gap, inFlight);
    await vi.advanceTimersByTimeAsync(STALL_AFTER_MS - 1);
    stall.blocked(gap, inFlight);
    expect(reports).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
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
        message: "the stream of orders has waited 4 s for row 5, missing below row 6: its transaction is open",
      },
    ]);
    await vi.advanceTimersByTimeAsync(2000);
    stall.resolved();
    stall.resolved();
    expect(reports).toHaveLength(2);
    expect(reports[1]).toMatchObject({ state: "resumed", prev: "4", next: "6", waitedMs: STALL_AFTER_MS + 2000 });
  });

  test("tells nothing of a stream that went on in time", async () => {
    const { stall, reports } = watch();
    stall.blocked(gap, inFlight);
    await vi.advanceTimersByTimeAsync(STALL_AFTER_MS - 1);
    stall.resolved();
    stall.blocked(gap, inFlight);
    await vi.advanceTimersByTimeAsync(STALL_AFTER_MS - 1);
    stall.blocked(gap, inFlight);
    expect(reports).toEqual([]);
  });

  // Catches one that tells the first reason only: "in flight" stays on the screen though the disk is full.
  test("tells again when the reason changes, and counts from the beginning", async () => {
    const { stall, reports } = watch();
    stall.blocked(gap, inFlight);
    await vi.advanceTimersByTimeAsync(STALL_AFTER_MS);
    stall.blocked(gap, inFlight);
    stall.blocked({ prev: 4n, next: 9n }, { reason: "not_writable", message: "read-only" });
    await vi.advanceTimersByTimeAsync(1000);
    expect(reports.map(({ reason, next }) => [reason, next])).toEqual([
      ["in_flight", "6"],
      ["not_writable", "9"],
    ]);
    expect(reports[1]?.message).toContain("rows 5 to 8");
    expect(reports[1]?.waitedMs).toBeGreaterThan(STALL_AFTER_MS);
  });

  // Catches one that tells of a stall while a fault is being confirmed, which is told as an error right after.
  test("tells nothing of what takes long though each answer comes at once", async () => {
    const { stall, reports } = watch();
    for (let polls = 0; polls < 20; polls++) {
      await stall.during(Promise.resolve(), async () => undefined);
      await vi.advanceTimersByTimeAsync(250);
    }
    expect(reports).toEqual([]);
    stall.stop();
  });

  // Catches one whose clock runs on from an earlier wait.
  test("counts anew once it has gone on", async () => {
    const { stall, reports } = watch();
    stall.blocked(gap, inFlight);
    await vi.advanceTimersByTimeAsync(STALL_AFTER_MS - 1);
    stall.resolved();
    await vi.advanceTimersByTimeAsync(STALL_AFTER_MS);
    expect(reports).toEqual([]);
  });

  // Catches one that repeats what an earlier step has met, long after that has changed.
  test("asks what a step waits for that takes long", async () => {
    const { stall, reports } = watch();
    stall.blocked(gap, inFlight);
    let endStep = (): void => undefined;
    const step = new Promise<void>((resolve) => {
      endStep = resolve;
    });
    const done = stall.during(step, async () => ({ reason: "locked", message: "a lock" }));
    await vi.advanceTimersByTimeAsync(STALL_AFTER_MS);
    expect(reports.map(({ reason }) => reason)).toEqual(["locked"]);
    endStep();
    await done;
    stall.resolved();
    expect(reports.map(({ state }) => state)).toEqual(["stalled", "resumed"]);
  });

  // Catches an answer that was lost while a stream stood at a gap, and that is looked for only when the next look is due.
  test("asks soon why a step takes long, however long it has stood at its gap", async () => {
    const { stall } = watch();
    stall.blocked(gap, inFlight);
    await vi.advanceTimersByTimeAsync(STALL_AFTER_MS + 3000);
    let asked = false;
    const step = new Promise<never>(() => undefined);
    void stall.during(step, async () => {
      asked = true;
      return undefined;
    });
    await vi.advanceTimersByTimeAsync(2000);
    expect(asked).toBe(true);
    stall.stop();
  });

  // Catches a stall without the session that is in the way, since it was asked between two waits for its row.
  test("asks a few times who is in the way", async () => {
    const { stall, reports } = watch();
    const blocker = { threadId: "7", user: "app", host: "", statement: "", ageMs: 4000 };
    let asked = 0;
    stall.blocked(gap, inFlight, async () => {
      asked++;
      return asked === 3 ? blocker : undefined;
    });
    await vi.advanceTimersByTimeAsync(2500);
    expect(asked).toBe(3);
    await vi.advanceTimersByTimeAsync(STALL_AFTER_MS);
    expect(reports).toMatchObject([{ reason: "in_flight", blockedBy: { threadId: "7" } }]);
    stall.stop();
  });

  // Catches one that waits for an answer which does not come either.
  test("tells within 5 s though nobody says what the stream waits for", async () => {
    const { stall, reports } = watch();
    const never = new Promise<never>(() => undefined);
    void stall.during(never, () => never);
    await vi.advanceTimersByTimeAsync(4999);
    expect(reports.map(({ reason, waitedMs }) => [reason, waitedMs < 5000])).toEqual([["unknown", true]]);
    stall.stop();
  });

  test("tells of a server that lags at the stream's position", async () => {
    const { stall, reports } = watch();
    stall.lagging();
    await vi.advanceTimersByTimeAsync(STALL_AFTER_MS);
    stall.lagging();
    expect(reports[0]).toMatchObject({ reason: "lagging", prev: "4", next: "", state: "stalled" });
  });
});
