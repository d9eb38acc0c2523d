import { getEventListeners } from "node:events";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { typeMistake } from "../errors/reflex-error.ts";
import { CursorsTable } from "../tables/cursors/cursors-table.ts";
import { EventsTable } from "../tables/events-table.ts";
import { createTables } from "../tables/schema/table-schema.ts";
import { createConsumer } from "./consumer.ts";
import type { CursorStore } from "./cursor-store.ts";
import type { ReflexEvent } from "./event.ts";
import type { ErrorReport } from "./observer.ts";
import { type RunForeverOptions, runForever } from "./run-forever.ts";
import type { Spec } from "./spec.ts";

const events = new EventsTable("events");
const cause = new Error("no such order");
let handle: Database.Database;
let store: CursorStore;
let controller: AbortController;
let reports: ErrorReport[];
/** Called with each report. */
let onReport: (report: ErrorReport) => void;

beforeEach(async () => {
  handle = new Database(":memory:");
  const cursors = new CursorsTable("cursors");
  await createTables(handle, [events, cursors]);
  await events.insertMany(
    handle,
    [1, 2, 3].map((type) => ({ foreignId: "a", type })),
  );
  store = cursors.toStore(handle);
  controller = new AbortController();
  reports = [];
  onReport = () => undefined;
});
afterEach(async () => {
  vi.restoreAllMocks();
  await store[Symbol.asyncDispose]();
  handle.close();
});

const observer = {
  error(report: ErrorReport): void {
    reports.push(report);
    onReport(report);
  },
};

function start(
  consume: (event: ReflexEvent) => Promise<void> | void,
  options: RunForeverOptions = {},
  parts: Partial<Spec> = {},
): Promise<void> {
  const consumer = createConsumer("a", consume);
  const spec = { stream: events.toStream(handle), cursors: store, consumer, options: { toHead: true }, ...parts };
  return runForever(spec, {
    minBackoffMs: 1,
    maxBackoffMs: 4,
    signal: controller.signal,
    observer,
    ...options,
  });
}

/** Fails at these events for as many times, and keeps the ids that it was given. */
function failing(times: Record<string, number>): { consume: (event: ReflexEvent) => void; seen: string[] } {
  const left = new Map(Object.entries(times));
  const seen: string[] = [];
  const consume = ({ id }: ReflexEvent): void => {
    seen.push(id);
    const more = left.get(id) ?? 0;
    left.set(id, more - 1);
    if (more > 0) throw cause;
  };
  return { consume, seen };
}

/** What each wait was in proportion to its longest, with the jitter switched off. */
function withoutJitter(): void {
  vi.spyOn(Math, "random").mockReturnValue(1);
}

function waits(): (number | undefined)[] {
  return reports.map(({ retryInMs }) => retryInMs);
}

describe("running for ever", () => {
  test("starts again at the failed event and resolves when the stream ends by itself", async () => {
    const { consume, seen } = failing({ 2: 2 });
    await expect(start(consume)).resolves.toBeUndefined();
    expect(seen).toEqual(["1", "2", "2", "2", "3"]);
    expect(reports).toMatchObject([
      { activity: "run", name: "a", error: { code: "consumer_failed", cause } },
      { activity: "run", name: "a", error: { code: "consumer_failed", cause } },
    ]);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  test("goes on after an error of the store or of the stream", async () => {
    let failures = 2;
    const getCursor: CursorStore["getCursor"] = (name, options) =>
      failures-- > 0 ? Promise.reject(new Error("connection lost")) : store.getCursor(name, options);
    const { consume, seen } = failing({});
    await start(consume, {}, { cursors: { ...store, getCursor } });
    expect(seen).toEqual(["1", "2", "3"]);
    expect(reports).toHaveLength(2);
  });

  test("warns of each error when there is no observer for them", async () => {
    const messages: string[] = [];
    const logger = { warn: (message: string) => void messages.push(message) };
    withoutJitter();
    await start(failing({ 2: 1 }).consume, { observer: undefined, logger });
    expect(messages).toEqual([
      expect.stringMatching(/^run of a failed: ReflexError: consumer a failed at event 2 .*; trying again in 1 ms$/u),
      expect.stringMatching(/^consumer a runs again, \d+ ms after an attempt that failed$/u),
    ]);
  });
});

describe("the backoff", () => {
  test("doubles with each failure up to its maximum", async () => {
    withoutJitter();
    await start(failing({ 1: 5 }).consume, { minBackoffMs: 1, maxBackoffMs: 6 });
    expect(waits()).toEqual([1, 2, 4, 6, 6]);
  });

  test("begins anew once the cursor has moved", async () => {
    withoutJitter();
    await start(failing({ 1: 2, 3: 3 }).consume);
    expect(waits()).toEqual([1, 2, 1, 2, 4]);
  });

  test("goes on growing while events are consumed whose cursor can't be set: they come again each time", async () => {
    withoutJitter();
    let failures = 3;
    const setCursor: CursorStore["setCursor"] = (name, cursor, options) =>
      cursor === "1" && failures-- > 0 ? Promise.reject(cause) : store.setCursor(name, cursor, options);
    const { consume, seen } = failing({});
    await start(consume, {}, { cursors: { ...store, setCursor } });
    expect(seen).toEqual(["1", "1", "1", "1", "2", "3"]);
    expect(waits()).toEqual([1, 2, 4]);
  });

  test.each([
    { random: 0, waitMs: 0.5 },
    { random: 0.5, waitMs: 0.75 },
  ])("is jittered between half of itself and all of it: $waitMs at $random", async ({ random, waitMs }) => {
    vi.spyOn(Math, "random").mockReturnValue(random);
    await start(failing({ 1: 1 }).consume);
    expect(waits()).toEqual([waitMs]);
  });
});

describe("the end of running for ever", () => {
  test("is a programmer's mistake, at once and unreported", async () => {
    const mistake = typeMistake("invalid_option", "no such option");
    const stream = (): never => {
      throw mistake;
    };
    await expect(start(() => undefined, {}, { stream })).rejects.toBe(mistake);
    expect(reports).toEqual([]);
  });

  test("is not a mistake that the consumer's own code makes at some event", async () => {
    let failures = 1;
    const consume = (): void => {
      if (failures-- > 0) throw typeMistake("invalid_argument", "not this event");
    };
    await expect(start(consume)).resolves.toBeUndefined();
    expect(reports).toHaveLength(1);
  });

  test.each([{ reason: new Error("stop") }, { reason: "stop" }, { reason: null }])(
    "is an abort, while an event is consumed, rejecting with its reason $reason itself",
    async ({ reason }) => {
      await expect(start(() => controller.abort(reason))).rejects.toBe(reason);
      expect(reports).toEqual([]);
      expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    },
  );

  test("is an abort while it waits for the next try", async () => {
    onReport = () => setImmediate(() => controller.abort("stop"));
    const running = start(failing({ 1: 1 }).consume, { minBackoffMs: 600_000, maxBackoffMs: 600_000 });
    await expect(running).rejects.toBe("stop");
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  test("is an abort by the observer that is told of the error", async () => {
    onReport = () => controller.abort("stop");
    const running = start(failing({ 1: 1 }).consume, { minBackoffMs: 600_000, maxBackoffMs: 600_000 });
    await expect(running).rejects.toBe("stop");
  });

  test("is an abort while a failed run ends: it rejects with the reason, the failure is reported as final", async () => {
    const consumer = {
      name: "a",
      consume: () => Promise.reject(cause),
      stop: async () => controller.abort("stop"),
    };
    await expect(start(() => undefined, {}, { consumer })).rejects.toBe("stop");
    expect(reports).toMatchObject([{ activity: "run", error: { code: "consumer_failed", cause } }]);
    expect(waits()).toEqual([undefined]);
  });
});

describe("the options of running for ever", () => {
  test.each([
    { minBackoffMs: -1 },
    { maxBackoffMs: "5" },
    { minBackoffMs: 5, maxBackoffMs: 4 },
    { minBackoffMs: 40_000, maxBackoffMs: undefined },
    { shutdownMs: -1 },
    null,
  ])("are checked: %o", async (options) => {
    const spec: Spec = {
      stream: events.toStream(handle),
      cursors: store,
      consumer: createConsumer("a", () => undefined),
    };
    await expect(runForever(spec, options as object)).rejects.toMatchObject({ code: "invalid_option" });
  });

  test("that are unknown are refused with all the known names", async () => {
    const running = start(() => undefined, { backoffMs: 5 } as object);
    await expect(running).rejects.toThrow(
      'runForever has no option "backoffMs"; it has signal, shutdownMs, flushMs, handlingTimeoutMs, observer, logger, minBackoffMs, maxBackoffMs',
    );
  });

  test("don't make up for a wrong spec", async () => {
    await expect(runForever({} as Spec)).rejects.toMatchObject({ code: "invalid_argument" });
  });
});
