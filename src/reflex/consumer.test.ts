import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Consumer, createConsumer } from "./consumer.ts";
import type { LagAlert } from "./consumer-status.ts";
import type { ReflexEvent } from "./event.ts";

const { signal } = new AbortController();
const now = Date.parse("2026-11-23T02:00:00Z");

beforeEach(() => void vi.useFakeTimers({ now }));
afterEach(() => void vi.useRealTimers());

function anEvent(id: number, fields: { type?: number; ageMs?: number } = {}): ReflexEvent {
  const { type = 1, ageMs = 0 } = fields;
  const timestampMicros = (Date.now() - ageMs) * 1000;
  const timestamp = new Date(timestampMicros / 1000);
  return { id: String(id), type, foreignId: "a", timestampMicros, timestamp, metadata: undefined, trace: undefined };
}

async function consumeAll(consumer: Consumer, events: readonly ReflexEvent[]): Promise<void> {
  for (const event of events) await consumer.consume(event, { signal });
}

describe("a consumer's name", () => {
  test.each(["a", "order-mailer", "x".repeat(255), "inner space", "ü€😀"])("may be %o", (name) => {
    expect(createConsumer(name, () => undefined).name).toBe(name);
  });

  test.each(["", " a", "a ", "a\n", "\u00a0a", "x".repeat(256)])("may not be %o", (name) => {
    const expected = { name: "RangeError", code: "invalid_argument" };
    expect(() => createConsumer(name, () => undefined)).toThrow(expect.objectContaining(expected));
  });

  test.each([undefined, null, 5, {}])("may not be %o, which is no string", (name) => {
    const expected = { name: "TypeError", code: "invalid_argument" };
    expect(() => createConsumer(name as string, () => undefined)).toThrow(expect.objectContaining(expected));
  });
});

test("a consumer needs a function", () => {
  const expected = { code: "invalid_argument", message: "a consumer needs a function of an event, found undefined" };
  const missing = undefined as unknown as () => void;
  expect(() => createConsumer("a", missing)).toThrow(expect.objectContaining(expected));
});

test.each([
  { types: [1.5] },
  { types: ["1"] },
  { types: 1 },
  { types: [] },
  { filter: true },
  { recover: 1 },
  { lagAlertMs: -1 },
  { onLagAlert: "x" },
  { activityTtlMs: Number.NaN },
  { tpyes: [1] },
  null,
])("the options %o are refused", (options) => {
  const expected = { code: "invalid_option" };
  expect(() => createConsumer("a", () => undefined, options as object)).toThrow(expect.objectContaining(expected));
});

describe("which events reach the function", () => {
  test("is decided by types and filter together; the filter sees only events of those types", async () => {
    const seen: string[] = [];
    const filtered: string[] = [];
    const filter = (event: ReflexEvent): boolean => {
      filtered.push(event.id);
      return event.id !== "3";
    };
    const consumer = createConsumer("a", (event) => void seen.push(event.id), { types: [1, 3], filter });
    await consumeAll(consumer, [
      anEvent(1),
      anEvent(2, { type: 2 }),
      anEvent(3, { type: 3 }),
      anEvent(4, { type: 3 }),
      anEvent(5, { type: 0 }),
    ]);
    expect(seen).toEqual(["1", "4"]);
    expect(filtered).toEqual(["1", "3", "4"]);
  });

  test("only those for which the filter returns true or what counts as true", async () => {
    const answers: unknown[] = [true, false, undefined, 0, 1];
    const filter = (event: ReflexEvent): boolean => answers[Number(event.id)] as boolean;
    const seen: string[] = [];
    const consumer = createConsumer("a", (event) => void seen.push(event.id), { filter });
    await consumeAll(
      consumer,
      [0, 1, 2, 3, 4].map((id) => anEvent(id)),
    );
    expect(seen).toEqual(["0", "4"]);
  });

  test("a filter that throws fails the event and does not skip it", async () => {
    const error = new Error("no filter");
    const recover = vi.fn<() => void>();
    const filter = (): never => {
      throw error;
    };
    const consumer = createConsumer("a", () => undefined, { filter, recover });
    await expect(consumer.consume(anEvent(1), { signal })).rejects.toBe(error);
    expect(recover).not.toHaveBeenCalled();
  });
});

describe("the function", () => {
  test("may be synchronous; what it throws is a rejection", async () => {
    const error = new Error("no");
    const fail = (): never => {
      throw error;
    };
    await expect(createConsumer("a", fail).consume(anEvent(1), { signal })).rejects.toBe(error);
    expect(createConsumer("a", () => undefined).consume(anEvent(1), { signal })).toBeUndefined();
  });

  test("gets the event itself and the signal of the run", async () => {
    const given: unknown[] = [];
    const consumer = createConsumer("a", (event, context) => void given.push(event, context.signal));
    const event = anEvent(1);
    await consumer.consume(event, { signal });
    expect(given).toEqual([event, signal]);
    expect(given[1]).toBe(signal);
  });
});

describe("recover", () => {
  const error = new DOMException("the bank is slow", "TimeoutError");
  const fail = (): Promise<void> => Promise.reject(error);

  test("makes the event count as consumed by returning, also for a time-out of the function's own", async () => {
    const calls: unknown[] = [];
    const consumer = createConsumer("a", fail, { recover: (...call) => void calls.push(...call) });
    const event = anEvent(1);
    await expect(consumer.consume(event, { signal })).resolves.toBeUndefined();
    expect(calls).toEqual([event, error, { signal }]);
  });

  test("is waited for, and fails the event with what it throws", async () => {
    const other = new Error("dead letters are full");
    const consumer = createConsumer("a", fail, { recover: () => Promise.reject(other) });
    await expect(consumer.consume(anEvent(1), { signal })).rejects.toBe(other);
  });

  test("is not called for what is thrown after the abort", async () => {
    const recover = vi.fn<() => void>();
    const consumer = createConsumer("a", fail, { recover });
    await expect(consumer.consume(anEvent(1), { signal: AbortSignal.abort() })).rejects.toBe(error);
    expect(recover).not.toHaveBeenCalled();
  });
});

const reset = (): Promise<void> => Promise.resolve();
const stop = (): Promise<void> => Promise.resolve();

test("reset and stop are those of the options, and absent without", () => {
  expect(createConsumer("a", () => undefined, { reset, stop })).toMatchObject({ reset, stop });
  expect(Object.keys(createConsumer("a", () => undefined))).toEqual(["name", "status", "consume"]);
});

function failToPage(): never {
  throw new Error("pager is down");
}

// As an async function behaves where a void function was asked for.
function failToPageLater(): void {
  return Promise.reject(new Error("pager is down")) as unknown as void;
}

describe("the lag alert", () => {
  test("is given once when events become late and once when they are fresh again", async () => {
    const alerts: LagAlert[] = [];
    const options = { lagAlertMs: 1000, onLagAlert: (alert: LagAlert) => void alerts.push(alert) };
    const consumer = createConsumer("a", () => undefined, options);
    await consumeAll(consumer, [anEvent(1), anEvent(2, { ageMs: 1000 })]);
    expect(alerts).toEqual([]);
    await consumeAll(consumer, [anEvent(3, { ageMs: 1001 }), anEvent(4, { ageMs: 5000 })]);
    expect(alerts).toEqual([{ consumer: "a", alert: true, lagMs: 1001 }]);
    expect(consumer.status()).toMatchObject({ lagAlert: true, lagMs: 5000 });
    await consumeAll(consumer, [anEvent(5, { ageMs: 10 }), anEvent(6)]);
    expect(alerts.slice(1)).toEqual([{ consumer: "a", alert: false, lagMs: 10 }]);
    expect(consumer.status()).toMatchObject({ lagAlert: false, lagMs: 0 });
  });

  test("that throws or rejects is a warning and does not fail the event", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockReturnValue();
    const seen: string[] = [];
    for (const onLagAlert of [failToPage, failToPageLater]) {
      const consumer = createConsumer("a", (event) => void seen.push(event.id), { lagAlertMs: 0, onLagAlert });
      await consumer.consume(anEvent(1, { ageMs: 1 }), { signal });
    }
    expect(seen).toEqual(["1", "1"]);
    await vi.runAllTimersAsync();
    const message = "onLagAlert of consumer a threw: Error: pager is down";
    expect(warn.mock.calls.map(([warning]) => warning)).toEqual([message, message]);
    warn.mockRestore();
  });
});

describe("the status", () => {
  // Catches a consumer in no run that counts as one that waits for events.
  test("is stopped and empty before the first event and without a run", () => {
    const status = createConsumer("a", () => undefined).status();
    const activity = { active: false, lastEventAt: undefined, lagMs: undefined, lagAlert: false };
    expect(status).toEqual({ state: "stopped", since: new Date(now), position: "", ...activity });
  });

  test("is active until no event has come for activityTtlMs, events that are left out included", async () => {
    const consumer = createConsumer("a", () => undefined, { types: [2], activityTtlMs: 60_000 });
    await consumer.consume(anEvent(1, { ageMs: 250 }), { signal });
    expect(consumer.status()).toMatchObject({ active: true, lastEventAt: new Date(now), lagMs: 250, lagAlert: false });
    vi.setSystemTime(now + 60_000);
    expect(consumer.status().active).toBe(true);
    vi.setSystemTime(now + 60_001);
    expect(consumer.status()).toMatchObject({ active: false, lastEventAt: new Date(now) });
  });

  test("counts an event of the future, by a clock that is ahead, as no lag", async () => {
    const consumer = createConsumer("a", () => undefined);
    await consumer.consume(anEvent(1, { ageMs: -5000 }), { signal });
    expect(consumer.status().lagMs).toBe(0);
  });
});
