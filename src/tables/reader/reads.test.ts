import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Reporting } from "../../reflex/observer.ts";
import { retried } from "./reads.ts";

const ATTEMPTS = 40;

/** What an attempt that fails takes before it does. */
interface Failing {
  readonly tookMs: number;
}

interface Waits {
  readonly waits: number[];
  readonly told: number[];
  readonly retryInMs: number[];
  /** How many failures each report says were not reported before it. */
  readonly unreported: number[];
}

/** Waits between failed attempts, and between reports of their errors, in ms, as they come about over many attempts. */
async function waitsOf({ tookMs }: Failing): Promise<Waits> {
  const begun: number[] = [];
  const ended: number[] = [];
  const reported: number[] = [];
  const retryInMs: number[] = [];
  const unreported: number[] = [];
  const reporting = new Reporting([
    {
      error: (report) => {
        reported.push(performance.now());
        unreported.push(report.unreported ?? 0);
        if (report.retryInMs !== undefined) retryInMs.push(report.retryInMs);
      },
    },
  ]);
  const read = async (): Promise<string> => {
    begun.push(performance.now());
    if (begun.length > ATTEMPTS) return "read";
    if (tookMs > 0) await new Promise((resolve) => setTimeout(resolve, tookMs));
    ended.push(performance.now());
    throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  };
  const { signal } = new AbortController();
  const reading = retried(read, { signal, reporting, table: "orders", stall: { failed: () => undefined } });
  await vi.runAllTimersAsync();
  expect(await reading).toBe("read");
  return {
    waits: ended.map((time, index) => (begun[index + 1] ?? 0) - time),
    told: reported.slice(1).map((time, index) => time - (reported[index] ?? 0)),
    retryInMs,
    unreported,
  };
}

describe("reads that fail with errors that pass", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  // Catches a stream that goes on seconds after its server is back.
  test("are tried again often where an attempt costs nothing: at most 200 ms apart", async () => {
    const { waits } = await waitsOf({ tookMs: 0 });
    expect(waits.slice(0, 4)).toEqual([50, 100, 200, 200]);
    expect(new Set(waits.slice(2))).toEqual(new Set([200]));
  });

  // Catches a log in which a server that was away looks as if it had refused only now and then.
  test("are reported with how many were not reported before", async () => {
    const { unreported } = await waitsOf({ tookMs: 0 });
    expect(unreported[0]).toBe(0);
    expect(Math.max(...unreported)).toBeGreaterThan(1);
    const counted = unreported.reduce((sum, count) => sum + count, unreported.length);
    expect(counted).toBeGreaterThan(ATTEMPTS / 2);
    expect(counted).toBeLessThanOrEqual(ATTEMPTS);
  });

  // Catches attempts that are a burden on a server that has enough to do.
  test("are tried again less and less often where an attempt takes long: up to 5 s apart", async () => {
    const { waits } = await waitsOf({ tookMs: 500 });
    expect(waits.slice(0, 9)).toEqual([50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    expect(Math.max(...waits)).toBe(5000);
  });

  // Catches a stream that sleeps for seconds while packets are lost, and begins no connection meanwhile.
  test("are tried again often where no connection was to be had for long", async () => {
    const { waits } = await waitsOf({ tookMs: 10_000 });
    expect(waits.slice(0, 4)).toEqual([50, 100, 200, 200]);
    expect(new Set(waits.slice(2))).toEqual(new Set([200]));
  });

  // Catches a log that is filled by each attempt while a server is away.
  test("are reported less and less often, with the wait until the next attempt", async () => {
    const { told, retryInMs } = await waitsOf({ tookMs: 0 });
    expect(told.length).toBeLessThan(ATTEMPTS / 3);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(told.at(-1)).toBeGreaterThanOrEqual(3200);
    expect(Math.max(...retryInMs)).toBe(200);
  });
});
