import { getEventListeners } from "node:events";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CursorsTable } from "../tables/cursors-table.ts";
import { EventsTable } from "../tables/events-table.ts";
import { createTables } from "../tables/schema/table-schema.ts";
import type { Consumer } from "./consumer.ts";
import type { CursorStore } from "./cursor-store.ts";
import type { ErrorReport } from "./observer.ts";
import { type RunOptions, run } from "./run.ts";
import type { Spec } from "./spec.ts";

const events = new EventsTable("events");
const reason = new Error("the pod is to stop");
let handle: Database.Database;
let store: CursorStore;
let controller: AbortController;
let reports: ErrorReport[];

beforeEach(async () => {
  handle = new Database(":memory:");
  const cursors = new CursorsTable("cursors", { asyncPeriodMs: 600_000 });
  await createTables(handle, [events, cursors]);
  await events.insertMany(
    handle,
    [1, 2, 3].map((type) => ({ foreignId: "a", type })),
  );
  store = cursors.toStore(handle);
  controller = new AbortController();
  reports = [];
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  handle.close();
});

/** A promise that the test settles itself. */
class Gate {
  open!: () => void;
  fail!: (error: Error) => void;
  readonly opened = new Promise<void>((resolve, reject) => {
    this.open = resolve;
    this.fail = reject;
  });
}

function writtenCursor(): string | undefined {
  const row = handle.prepare("select cast(last_event_id as text) as cursor from cursors where id = 'a'").get();
  return (row as { cursor: string } | undefined)?.cursor;
}

function start(parts: Partial<Spec> & Pick<Spec, "consumer">, options: RunOptions = {}): Promise<void> {
  const spec: Spec = { stream: events.toStream(handle), cursors: store, ...parts };
  const observer = { error: (report: ErrorReport) => void reports.push(report) };
  return run(spec, { signal: controller.signal, observer, ...options });
}

/** A consumer whose work on event 2 begins, and ends when the test says so. */
function slowAtTwo(): { consumer: Consumer; begun: Promise<void>; work: Gate; seen: string[] } {
  const begun = new Gate();
  const work = new Gate();
  const seen: string[] = [];
  const consume = (event: { id: string }): Promise<void> | undefined => {
    seen.push(event.id);
    if (event.id !== "2") return undefined;
    begun.open();
    return work.opened;
  };
  return { consumer: { name: "a", consume }, begun: begun.opened, work, seen };
}

describe("an abort while an event is consumed", () => {
  test("waits for the consumer, keeps and writes its cursor, and rejects with the reason", async () => {
    const { consumer, begun, work, seen } = slowAtTwo();
    let ended = false;
    const running = start({ consumer }).finally(() => (ended = true));
    await begun;
    controller.abort(reason);
    await new Promise(setImmediate);
    expect(ended).toBe(false);
    expect(writtenCursor()).toBe("0");
    work.open();
    await expect(running).rejects.toBe(reason);
    expect(writtenCursor()).toBe("2");
    expect(seen).toEqual(["1", "2"]);
    expect(reports).toEqual([]);
  });

  test.each([{ given: "text" }, { given: null }, { given: 0 }])(
    "rejects with $given itself, though no Error",
    async ({ given }) => {
      const { consumer, begun, work } = slowAtTwo();
      const running = start({ consumer });
      await begun;
      controller.abort(given);
      work.open();
      await expect(running).rejects.toBe(given);
    },
  );

  test("reaches the consumer through its signal, and what that leads to is no failure", async () => {
    const errors: unknown[] = [];
    const consume: Consumer["consume"] = async (_event, { signal }) => {
      controller.abort(reason);
      expect(signal.reason).toBe(reason);
      throw new DOMException("cancelled", "AbortError");
    };
    const observer = { error: (report: ErrorReport) => void errors.push(report) };
    await expect(start({ consumer: { name: "a", consume } }, { observer })).rejects.toBe(reason);
    expect(writtenCursor()).toBe("0");
    expect(errors).toEqual([]);
  });

  test("rejects with the reason though the consumer then fails, and that failure is reported", async () => {
    const { consumer, begun, work } = slowAtTwo();
    const running = start({ consumer });
    await begun;
    controller.abort(reason);
    const cause = new Error("no such order");
    work.fail(cause);
    await expect(running).rejects.toBe(reason);
    expect(writtenCursor()).toBe("1");
    expect(reports).toMatchObject([{ activity: "run", name: "a", error: { code: "consumer_failed", cause } }]);
  });
});

function endsByItself(after: string): ReturnType<Spec["stream"]> {
  return events.stream(handle, after, { toHead: true });
}

describe("an abort at the head", () => {
  test("ends the wait for events by rejecting with the reason, cursors written", async () => {
    const atHead = new Gate();
    const consume: Consumer["consume"] = ({ id }) => {
      if (id === "3") setImmediate(() => atHead.open());
    };
    const running = start({ consumer: { name: "a", consume } });
    await atHead.opened;
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(writtenCursor()).toBe("3");
  });

  test("rejects also when a stream of the user's just ends at it", async () => {
    const consume: Consumer["consume"] = ({ id }) => (id === "3" ? controller.abort(reason) : undefined);
    const consumer = { name: "a", consume };
    await expect(start({ stream: endsByItself, consumer })).rejects.toBe(reason);
    expect(writtenCursor()).toBe("3");
  });
});

test("a signal that is aborted already opens nothing, calls no one, and rejects with its reason", async () => {
  const calls: string[] = [];
  const call = (name: string) => async (): Promise<never> => {
    calls.push(name);
    throw new Error(name);
  };
  const consumer = { name: "a", consume: call("consume"), reset: call("reset"), stop: call("stop") };
  const cursors = { ...store, getCursor: call("getCursor"), flush: call("flush") };
  const stream = (): never => {
    calls.push("stream");
    throw new Error("stream");
  };
  controller.abort("before");
  await expect(start({ consumer, cursors, stream })).rejects.toBe("before");
  expect(calls).toEqual([]);
});

test("no event is consumed after the abort, also of a stream that takes no notice of it", async () => {
  const seen: string[] = [];
  const consume: Consumer["consume"] = ({ id }) => {
    seen.push(id);
    controller.abort(reason);
  };
  const stream: Spec["stream"] = (after) => events.stream(handle, after);
  await expect(start({ stream, consumer: { name: "a", consume } })).rejects.toBe(reason);
  expect(seen).toEqual(["1"]);
  expect(writtenCursor()).toBe("1");
});

test("an aborted run leaves no timer, which would keep the process alive", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const cursors = new CursorsTable("cursors", { asyncPeriodMs: 0 }).toStore(handle);
    const consumer = { name: "a", consume: () => controller.abort(reason) };
    await expect(start({ consumer, cursors })).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test("what failed before the abort is what the run rejects with, though the abort comes while it ends", async () => {
  const cause = new Error("no such order");
  const consumer = {
    name: "a",
    consume: () => Promise.reject(cause),
    stop: async () => controller.abort(reason),
  };
  await expect(start({ consumer })).rejects.toMatchObject({ code: "consumer_failed", cause });
});

test.each([
  ["ends well", () => undefined],
  ["fails", () => Promise.reject(reason)],
])("a run that %s leaves no listener on the signal, and has had one", async (_how, consume) => {
  const listeners: number[] = [];
  const watched: Consumer["consume"] = () => {
    listeners.push(getEventListeners(controller.signal, "abort").length);
    return consume();
  };
  await start({ consumer: { name: "a", consume: watched }, options: { toHead: true } }).catch(() => undefined);
  expect(new Set(listeners)).toEqual(new Set([1]));
  expect(getEventListeners(controller.signal, "abort")).toEqual([]);
});
