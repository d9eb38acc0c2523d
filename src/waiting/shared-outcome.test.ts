import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { failureOf } from "../../test/support/errors/failure-of.ts";
import { SharedOutcome } from "./shared-outcome.ts";

interface Scene {
  readonly outcome: SharedOutcome<string>;
  readonly resolve: (value: string) => void;
  readonly reject: (error: Error) => void;
}

function scene(): Scene {
  let settle: Omit<Scene, "outcome"> | undefined;
  const work = new Promise<string>((resolve, reject) => {
    settle = { resolve, reject };
  });
  if (settle === undefined) throw new Error("a promise calls its function at once");
  return { outcome: new SharedOutcome(work), ...settle };
}

describe("a shared outcome", () => {
  test("comes to all who wait for it, and to those who ask later, and leaves no listener", async () => {
    const { outcome, resolve } = scene();
    const { signal } = new AbortController();
    const waits = [outcome.wait(signal), outcome.wait(signal)];
    expect([outcome.waiting, getEventListeners(signal, "abort").length]).toEqual([2, 2]);
    resolve("42");
    expect(await Promise.all([...waits, outcome.wait(signal)])).toEqual(["42", "42", "42"]);
    expect([outcome.waiting, getEventListeners(signal, "abort").length]).toEqual([0, 0]);
  });

  test("that is an error comes to all of them, and is no unhandled rejection where nobody waits", async () => {
    const { outcome, reject } = scene();
    const { signal } = new AbortController();
    const error = new Error("gone");
    const wait = failureOf(outcome.wait(signal));
    reject(error);
    expect(await wait).toBe(error);
    const unheard = scene();
    unheard.reject(error);
    await new Promise(setImmediate);
    expect(await failureOf(unheard.outcome.wait(signal))).toBe(error);
  });

  // Catches what would be kept of each stream that comes and goes while there is no event.
  test("keeps nothing of who has stopped to wait, and the others wait on", async () => {
    const { outcome, resolve } = scene();
    const [leaving, staying] = [new AbortController(), new AbortController()];
    const left = failureOf(outcome.wait(leaving.signal));
    const wait = outcome.wait(staying.signal);
    leaving.abort("enough");
    expect(await left).toBe("enough");
    expect([outcome.waiting, getEventListeners(leaving.signal, "abort").length]).toEqual([1, 0]);
    resolve("42");
    expect(await wait).toBe("42");
  });

  test("is not waited for with a signal that is aborted, even if it is there", async () => {
    const { outcome, resolve } = scene();
    resolve("42");
    const { signal } = new AbortController();
    await outcome.wait(signal);
    expect(await failureOf(outcome.wait(AbortSignal.abort("before")))).toBe("before");
    expect(outcome.waiting).toBe(0);
  });
});
