import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ReflexError } from "../errors/reflex-error.ts";
import { RetryWaits } from "./retry-waits.ts";

const refused = new ReflexError("database_error", "refused", { details: { failure: "unreachable" } });

describe("refusals of a server", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  // Catches a log in which a server that was away looks as if it had refused only now and then.
  test("are reported now and then, with how many were not", () => {
    const waits = new RetryWaits(10, 30_000);
    const told = (): unknown => {
      const { reported, unreported } = waits.after(refused, 1);
      return [reported, unreported];
    };
    expect([told(), told(), told()]).toEqual([
      [true, 0],
      [false, 0],
      [false, 1],
    ]);
    vi.advanceTimersByTime(1000);
    expect([told(), told()]).toEqual([
      [true, 2],
      [false, 0],
    ]);
    waits.succeeded();
    expect(told()).toEqual([true, 0]);
  });

  test("that another failure follows are counted by its report", () => {
    const waits = new RetryWaits(10, 30_000);
    for (let count = 0; count < 3; count++) waits.after(refused, 1);
    expect(waits.after(new Error("another"), 1)).toMatchObject({ reported: true, unreported: 2 });
  });
});
