import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Endings, type Limit, withTimeLimit } from "./time-limit.ts";

const what = "the answer";

/** Work that the test settles itself. */
class Work {
  resolve!: (value: string) => void;
  reject!: (error: Error) => void;
  readonly promise = new Promise<string>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const limited = (extra: Partial<Limit>): Limit => ({ what, timeoutMs: 1000, ...extra });

describe("work that settles in time", () => {
  test("gives its value, and leaves neither timer nor listener", async () => {
    const { signal } = new AbortController();
    const work = new Work();
    const outcome = withTimeLimit(work.promise, limited({ signal }));
    expect(vi.getTimerCount()).toBe(1);
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    work.resolve("42");
    await expect(outcome).resolves.toBe("42");
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  test("rejects with its error, and leaves neither timer nor listener", async () => {
    const { signal } = new AbortController();
    const error = new Error("no answer");
    await expect(withTimeLimit(Promise.reject(error), limited({ signal }))).rejects.toBe(error);
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  test("is not told to give up, even if the signal is aborted afterwards", async () => {
    const controller = new AbortController();
    const onGivenUp = vi.fn<() => void>();
    await withTimeLimit(Promise.resolve("42"), limited({ signal: controller.signal, onGivenUp }));
    controller.abort();
    vi.advanceTimersByTime(2000);
    expect(onGivenUp).not.toHaveBeenCalled();
  });
});

describe("a wait that reaches its limit", () => {
  test("rejects with time_limit, saying for what and what to do, after telling the work once", async () => {
    const onGivenUp = vi.fn<() => void>();
    const outcome = withTimeLimit(new Work().promise, { what, remedy: "ask again", timeoutMs: 1000, onGivenUp });
    vi.advanceTimersByTime(999);
    expect(onGivenUp).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onGivenUp).toHaveBeenCalledOnce();
    await expect(outcome).rejects.toMatchObject({
      code: "time_limit",
      message: "waited 1000 ms for the answer; ask again",
      details: { timeoutMs: 1000, what },
    });
  });

  test("takes its listener off the signal", async () => {
    const { signal } = new AbortController();
    const outcome = withTimeLimit(new Work().promise, { what, timeoutMs: 5, signal });
    vi.advanceTimersByTime(5);
    await expect(outcome).rejects.toThrow("waited 5 ms for the answer");
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  test("does not leave a later rejection of the work unhandled", async () => {
    vi.useRealTimers();
    const unhandled = vi.fn<() => void>();
    process.on("unhandledRejection", unhandled);
    const work = new Work();
    await expect(withTimeLimit(work.promise, { what, timeoutMs: 1 })).rejects.toThrow("waited");
    work.reject(new Error("late"));
    await new Promise(setImmediate);
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  test("of 0 ms still lets work through that is done", async () => {
    await expect(withTimeLimit(Promise.resolve("42"), { what, timeoutMs: 0 })).resolves.toBe("42");
    const outcome = withTimeLimit(new Work().promise, { what, timeoutMs: 0 });
    vi.advanceTimersByTime(1);
    await expect(outcome).rejects.toMatchObject({ code: "time_limit" });
  });
});

describe("an abort", () => {
  test.each([{ reason: new Error("enough") }, { reason: "enough" }, { reason: null }])(
    "rejects with the reason $reason itself, after telling the work once",
    async ({ reason }) => {
      const controller = new AbortController();
      const onGivenUp = vi.fn<() => void>();
      const { signal } = controller;
      const outcome = withTimeLimit(new Work().promise, { what, timeoutMs: 1000, signal, onGivenUp });
      controller.abort(reason);
      expect(onGivenUp).toHaveBeenCalledOnce();
      expect(vi.getTimerCount()).toBe(0);
      expect(getEventListeners(signal, "abort")).toHaveLength(0);
      await expect(outcome).rejects.toBe(reason);
    },
  );

  test("that came before wins over work that is done", async () => {
    const signal = AbortSignal.abort("enough");
    const onGivenUp = vi.fn<() => void>();
    await expect(withTimeLimit(Promise.resolve("42"), { what, signal, onGivenUp })).rejects.toBe("enough");
    expect(onGivenUp).toHaveBeenCalledOnce();
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  test("rejects even if telling the work fails", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const late = withTimeLimit(new Work().promise, { what, timeoutMs: 1000, onGivenUp: failToGiveUp });
    vi.advanceTimersByTime(1000);
    await expect(late).rejects.toMatchObject({ code: "time_limit" });
    const aborted = withTimeLimit(new Work().promise, { what, signal, onGivenUp: failToGiveUp });
    controller.abort("enough");
    await expect(aborted).rejects.toBe("enough");
  });
});

function failToGiveUp(): never {
  throw new Error("the connection is gone already");
}

test("a limit of Infinity starts no timer", async () => {
  const { signal } = new AbortController();
  const work = new Work();
  const outcome = withTimeLimit(work.promise, { what, timeoutMs: Number.POSITIVE_INFINITY, signal });
  expect(vi.getTimerCount()).toBe(0);
  work.resolve("42");
  await expect(outcome).resolves.toBe("42");
});

test("without a signal and a limit it is the work itself", () => {
  const work = Promise.resolve("42");
  expect(withTimeLimit(work, { what })).toBe(work);
});

test("ends when its owner ends all waits, and leaves no timer behind", async () => {
  const endings = new Endings();
  const waits = [1, 2].map(() =>
    withTimeLimit(new Promise(() => undefined), { what: "nothing", timeoutMs: 60_000, endings }),
  );
  expect(endings.size).toBe(2);
  const closed = new Error("closed");
  endings.giveUpAll(() => closed);
  for (const wait of waits) await expect(wait).rejects.toBe(closed);
  expect(endings.size).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

describe("a frequent wait", () => {
  test("has its own limit, and is given up once", async () => {
    const onGivenUp = vi.fn<() => void>();
    const limit = { what: () => "the answer", frequent: true, onGivenUp };
    const done = withTimeLimit(Promise.resolve("42"), { ...limit, timeoutMs: 50 });
    await expect(done).resolves.toBe("42");
    const short = withTimeLimit(new Work().promise, { ...limit, timeoutMs: 100 });
    const long = withTimeLimit(new Work().promise, { ...limit, timeoutMs: 60_000 });
    vi.advanceTimersByTime(99);
    expect(onGivenUp).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    await expect(short).rejects.toThrow("waited 100 ms for the answer");
    expect(onGivenUp).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(59_900);
    await expect(long).rejects.toThrow("waited 60000 ms for the answer");
    expect(onGivenUp).toHaveBeenCalledTimes(2);
  });

  test("that is given up by its ending does not reach its limit too", async () => {
    const endings = new Endings();
    const onGivenUp = vi.fn<() => void>();
    const limit = { what, timeoutMs: 100, frequent: true, endings, onGivenUp };
    const outcome = withTimeLimit(new Work().promise, limit);
    const closed = new Error("closed");
    endings.giveUpAll(() => closed);
    await expect(outcome).rejects.toBe(closed);
    vi.advanceTimersByTime(1000);
    expect(onGivenUp).toHaveBeenCalledOnce();
  });
});
