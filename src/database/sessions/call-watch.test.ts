import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ReflexError } from "../../errors/reflex-error.ts";
import { Reporting, type StallReport } from "../../reflex/observer.ts";
import type { WaitCause } from "../../reflex/wait-cause.ts";
import { CallWatch } from "./call-watch.ts";
import { STALL_AFTER_MS } from "./long-wait.ts";

const WRITE = "cursors to be written";
const LOOK = "requests to be looked for";
const locked: WaitCause = { reason: "locked", message: "session 7 holds a lock", blockedBy: undefined };
const gone = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
const refused = new ReflexError("database_error", "could not write cursors", { cause: gone });
const missing = new ReflexError("wrong_schema", "cursors lacks its column");
const timeLimit = new ReflexError("time_limit", "waited 60000 ms");

describe("CallWatch", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    assert.equal(vi.getTimerCount(), 0, "timers are left");
    vi.useRealTimers();
  });

  function watch() {
    const reports: StallReport[] = [];
    const reporting = new Reporting([{ stall: (report) => void reports.push(report) }]);
    const asked = { cause: undefined as WaitCause | undefined };
    const calls = new CallWatch({ table: "cursors", reporting, whySlow: async () => asked.cause });
    return { calls, asked, told: () => reports.map(({ state, reason }) => `${state} ${reason}`), reports };
  }

  /** A chore that the test ends. */
  function chore() {
    let resolve = (): void => undefined;
    let reject = (_error: Error): void => undefined;
    const work = new Promise<void>((...settle) => {
      [resolve, reject] = settle;
    });
    return { work, resolve: () => resolve(), reject: (error: Error) => reject(error) };
  }

  const failing = async (calls: CallWatch, error: Error): Promise<void> =>
    calls.duringTry(WRITE, Promise.reject(error)).catch(() => undefined);

  test("tells of a chore that takes long with what is asked, again when that changes, and at its end", async () => {
    const { calls, asked, told, reports } = watch();
    const write = chore();
    const done = calls.duringTry(WRITE, write.work);
    await vi.advanceTimersByTimeAsync(STALL_AFTER_MS - 1);
    expect([told(), calls.waitFor(WRITE)]).toEqual([[], undefined]);
    await vi.advanceTimersByTimeAsync(1);
    expect(reports).toMatchObject([{ table: "cursors", prev: "", next: "", waitedMs: STALL_AFTER_MS }]);
    expect(reports[0]?.message).toMatch(/^cursors has waited 4 s for cursors to be written: no answer has come yet/);
    asked.cause = locked;
    await vi.advanceTimersByTimeAsync(5000);
    expect(calls.waitFor(WRITE)?.cause).toEqual(locked);
    expect(calls.waitFor(LOOK)).toBeUndefined();
    write.resolve();
    await done;
    expect(told()).toEqual(["stalled unknown", "stalled locked", "resumed locked"]);
    expect(calls.waitFor(WRITE)).toBeUndefined();
  });

  test("tells once of chores that wait together, until the last is done", async () => {
    const { calls, asked, told } = watch();
    asked.cause = locked;
    const [write, look] = [chore(), chore()];
    const both = [calls.duringTry(WRITE, write.work), calls.duringTry(LOOK, look.work)];
    await vi.advanceTimersByTimeAsync(10_000);
    write.resolve();
    await both[0];
    expect(told()).toEqual(["stalled locked"]);
    expect([calls.waitFor(WRITE), calls.waitFor(LOOK)?.cause]).toEqual([undefined, locked]);
    look.resolve();
    await both[1];
    expect(told()).toEqual(["stalled locked", "resumed locked"]);
  });

  // Catches a watch that counts what is always under way as one wait.
  test("tells nothing of quick chores without a pause between them", async () => {
    const { calls, told } = watch();
    let last = chore();
    for (let round = 0; round < 20; round++) {
      void calls.during(WRITE, last.work);
      const next = chore();
      void calls.during(WRITE, next.work);
      await vi.advanceTimersByTimeAsync(500);
      last.resolve();
      last = next;
    }
    last.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(told()).toEqual([]);
  });

  test.each([
    ["is refused", refused, "unreachable"],
    ["nobody else can mend", missing, "unknown"],
  ])("tells of a chore that %s at each try, from its first on, until one succeeds", async (_, error, reason) => {
    const { calls, told, reports } = watch();
    for (let tries = 0; tries < 5; tries++) {
      await failing(calls, error);
      await vi.advanceTimersByTimeAsync(1500);
    }
    expect(told()).toEqual([`stalled ${reason}`]);
    expect(reports[0]?.message).toContain(error.message);
    expect(calls.waitFor(WRITE)?.cause.reason).toBe(reason);
    await calls.duringTry(WRITE, Promise.resolve());
    expect(told()).toEqual([`stalled ${reason}`, `resumed ${reason}`]);
  });

  // Catches "unknown" in place of the lock, and a lock that is over as soon as the server gives up the statement.
  test("keeps what was asked over a time limit", async () => {
    const { calls, asked, told } = watch();
    asked.cause = locked;
    const write = chore();
    const failed = calls.duringTry(WRITE, write.work).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(3000);
    write.reject(timeLimit);
    await failed;
    asked.cause = undefined;
    await vi.advanceTimersByTimeAsync(1000);
    expect(told()).toEqual(["stalled locked"]);
    calls.settled(WRITE);
    expect(told()).toEqual(["stalled locked", "resumed locked"]);
  });

  test("tells no end of what nobody wants any more, nor of what has failed for good", async () => {
    const { calls, asked, told } = watch();
    await failing(calls, refused);
    await vi.advanceTimersByTimeAsync(STALL_AFTER_MS);
    calls.forget(WRITE);
    asked.cause = locked;
    const read = chore();
    const failed = calls.during("requests to be read", read.work).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(STALL_AFTER_MS);
    read.reject(timeLimit);
    await failed;
    expect(told()).toEqual(["stalled unreachable", "stalled locked"]);
  });
});
