import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { STALL_AFTER_MS } from "../../database/sessions/long-wait.ts";
import { Reporting, type StallReport } from "../../reflex/observer.ts";
import { EventMemory } from "../pages/event-memory.ts";
import { MemoryWait } from "./memory-wait.ts";

const MIB = 1024 * 1024;
const { signal } = new AbortController();

describe("MemoryWait", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function stream(): { memory: EventMemory; wait: MemoryWait; reports: StallReport[] } {
    const memory = new EventMemory();
    const reports: StallReport[] = [];
    const reporting = new Reporting([{ stall: (report) => void reports.push(report) }], undefined);
    return { memory, wait: new MemoryWait({ table: "orders", reporting, memory }), reports };
  }

  /** Has the stream wait for as long as another one holds an event. */
  async function waitFor(ms: number, { memory, wait }: ReturnType<typeof stream>): Promise<void> {
    const other = memory.take(9 * MIB);
    const room = wait.room(MIB, { prev: 7n, signal });
    await vi.advanceTimersByTimeAsync(ms);
    other.release();
    (await room).release();
  }

  // Catches a stream that stands still while nobody is told, and one of which is told who waits, but not for what.
  test("tells of a stream that waits for long, who waits for what, and what to do", async () => {
    const { memory, wait, reports } = stream();
    const other = memory.take(9 * MIB);
    const room = wait.room(MIB, { prev: 7n, signal });
    expect(wait.waitsFor?.reason).toBe("memory");
    await vi.advanceTimersByTimeAsync(STALL_AFTER_MS);
    expect(reports).toEqual([
      {
        table: "orders",
        prev: "7",
        next: "",
        state: "stalled",
        reason: "memory",
        waitedMs: STALL_AFTER_MS,
        message:
          "the stream of orders has waited 4 s for memory: consumers hold 9 MiB of events with long metadata, and of the 64 MiB for all events an eighth, 8 MiB, is for these; have consumers ask for their next events sooner, or set more than eight times what they hold at a time, such as setEventMemoryMiB(80)",
      },
    ]);
    other.release();
    (await room).release();
    expect(wait.waitsFor).toBeUndefined();
    wait.stop();
  });

  // Catches one that tells nothing of a stream that is slowed down by many waits, and one that cries at each of them.
  test("tells once of many short waits, and once when the stream has events without one", async () => {
    const waits = stream();
    for (let turn = 0; turn < 12; turn++) await waitFor(STALL_AFTER_MS / 4, waits);
    const { wait, reports } = waits;
    expect(reports.map(({ state }) => state)).toEqual(["stalled"]);
    wait.passed();
    wait.passed();
    expect(reports.map(({ state }) => state)).toEqual(["stalled", "resumed"]);
    expect(reports[1]).toMatchObject({ reason: "memory", waitedMs: 3 * STALL_AFTER_MS });
  });

  // Catches one that adds up waits over days, and cries at the last of them.
  test("counts anew once the stream has had events without a wait", async () => {
    const waits = stream();
    for (let turn = 0; turn < 12; turn++) {
      await waitFor(STALL_AFTER_MS / 4, waits);
      (await waits.wait.room(MIB, { prev: 8n, signal })).release();
      await vi.advanceTimersByTimeAsync(STALL_AFTER_MS);
    }
    expect(waits.reports).toEqual([]);
  });

  // Catches one that goes on counting for a stream that is closed.
  test("tells nothing of a stream that has ended", async () => {
    const waits = stream();
    const other = waits.memory.take(9 * MIB);
    void waits.wait.room(MIB, { prev: 7n, signal });
    waits.wait.stop();
    await vi.advanceTimersByTimeAsync(2 * STALL_AFTER_MS);
    other.release();
    expect(waits.reports).toEqual([]);
  });
});
