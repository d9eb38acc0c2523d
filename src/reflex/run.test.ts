import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { writtenCursor } from "../../test/support/runs/written-cursor.ts";
import { insertMany } from "../../test/support/streams/streams.ts";
import { CursorsTable } from "../tables/cursors/cursors-table.ts";
import { EventsTable } from "../tables/events-table.ts";
import { createTables } from "../tables/schema/table-schema.ts";
import { type Consumer, createConsumer } from "./consumer.ts";
import type { CursorStore } from "./cursor-store.ts";
import type { ReflexEvent } from "./event.ts";
import type { ConsumeReport } from "./observer.ts";
import { type RunOptions, run } from "./run.ts";

const BACKLOG = 20_000;
const events = new EventsTable("events");
let handle: Database.Database;
let cursors: CursorsTable;

beforeEach(async () => {
  handle = new Database(":memory:");
  cursors = new CursorsTable("cursors");
  await createTables(handle, [events, cursors]);
  await insert(5);
});
afterEach(async () => {
  await cursors.close();
  handle.close();
});

async function insert(count: number): Promise<void> {
  await insertMany(handle, events, count);
}

function toHead(consumer: Consumer, options?: RunOptions): Promise<void> {
  const store = cursors.toStore(handle);
  return run({ stream: events.toStream(handle), cursors: store, consumer, options: { toHead: true } }, options);
}

describe("a run", () => {
  test("resolves at the head with toHead, all events consumed in order and the cursor written", async () => {
    const seen: string[] = [];
    await expect(toHead(createConsumer("a", (event) => void seen.push(event.id)))).resolves.toBeUndefined();
    expect(seen).toEqual(["1", "2", "3", "4", "5"]);
    expect(writtenCursor(handle, "a")).toBe("5");
  });

  test("resumes after the cursor that the last run left", async () => {
    const seen: string[] = [];
    const consumer = createConsumer("a", (event) => void seen.push(event.id));
    await toHead(consumer);
    await insert(2);
    await toHead(consumer);
    await toHead(consumer);
    expect(seen).toEqual(["1", "2", "3", "4", "5", "6", "7"]);
  });

  test("keeps one consumer's cursor apart from another's", async () => {
    await toHead(createConsumer("a", () => undefined));
    await insert(1);
    const seen: string[] = [];
    await toHead(createConsumer("b", (event) => void seen.push(event.id)));
    expect(seen).toHaveLength(6);
    expect([writtenCursor(handle, "a"), writtenCursor(handle, "b")]).toEqual(["5", "6"]);
  });

  test("moves the cursor past events that the consumer's types leave out", async () => {
    await toHead(createConsumer("a", () => undefined, { types: [2] }));
    expect(writtenCursor(handle, "a")).toBe("5");
  });

  test("consumes one event at a time, and only then sets its cursor", async () => {
    const steps: string[] = [];
    const store = cursors.toStore(handle);
    const watched: CursorStore = {
      ...store,
      setCursor: (name, cursor, options) => {
        steps.push(`cursor ${cursor} of ${options?.event?.id ?? "the start"}`);
        return store.setCursor(name, cursor, options);
      },
    };
    const consumer = createConsumer("a", async (event) => {
      steps.push(`begin ${event.id}`);
      await new Promise(setImmediate);
      steps.push(`end ${event.id}`);
    });
    await run({ stream: events.toStream(handle), cursors: watched, consumer, options: { toHead: true } });
    const each = ["1", "2", "3", "4", "5"].flatMap((id) => [`begin ${id}`, `end ${id}`, `cursor ${id} of ${id}`]);
    expect(steps).toEqual(["cursor 0 of the start", ...each]);
  });

  test("lets timers fire during a backlog that is consumed without a wait", async () => {
    await insert(BACKLOG);
    let consumed = 0;
    const controller = new AbortController();
    setTimeout(() => controller.abort("enough"), 1);
    const running = toHead({ name: "a", consume: () => void consumed++ }, { signal: controller.signal });
    await expect(running).rejects.toBe("enough");
    expect(consumed).toBeLessThan(BACKLOG);
    expect(writtenCursor(handle, "a")).toBe(String(consumed));
  });
});

describe("a consumer made by hand", () => {
  test("may be synchronous", async () => {
    const seen: string[] = [];
    await toHead({ name: "a", consume: (event) => void seen.push(event.id) });
    expect(seen).toHaveLength(5);
    expect(writtenCursor(handle, "a")).toBe("5");
  });

  test("fails the run by a synchronous throw", async () => {
    const error = new Error("no");
    const consume = (): never => {
      throw error;
    };
    await expect(toHead({ name: "a", consume })).rejects.toMatchObject({ code: "consumer_failed", cause: error });
  });

  test("is awaited also if what it returns is no Promise but can be awaited, like a query builder", async () => {
    const ran: string[] = [];
    const lazyQuery = (event: ReflexEvent): Promise<void> => {
      // oxlint-disable-next-line unicorn/no-thenable -- what a query builder is: it runs when it is awaited
      const query: PromiseLike<void> = { then: (resolve) => Promise.resolve(void ran.push(event.id)).then(resolve) };
      return query as Promise<void>;
    };
    await toHead({ name: "a", consume: lazyQuery });
    expect(ran).toEqual(["1", "2", "3", "4", "5"]);
  });

  test("is reset before the first event and stopped after the last, once each run", async () => {
    const steps: string[] = [];
    const step = (name: string) => async (): Promise<void> => void steps.push(name);
    const consume = (event: ReflexEvent): void => void steps.push(event.id);
    const consumer = { name: "a", reset: step("reset"), consume, stop: step("stop") };
    await toHead(consumer);
    await toHead(consumer);
    expect(steps).toEqual(["reset", "1", "2", "3", "4", "5", "stop", "reset", "stop"]);
  });
});

describe("a consumer that fails", () => {
  const cause = new Error("no such order");
  const failAtThree = (event: ReflexEvent): void => {
    if (event.id === "3") throw cause;
  };

  test("ends the run with consumer_failed, naming consumer, event and cause, its cursor before the event", async () => {
    await expect(toHead(createConsumer("a", failAtThree))).rejects.toMatchObject({
      code: "consumer_failed",
      cause,
      details: { consumer: "a", eventId: "3", eventType: 1 },
      message: "consumer a failed at event 3 of type 1, with Error (see its cause); its cursor stays before it",
    });
    expect(writtenCursor(handle, "a")).toBe("2");
  });

  test("gets the same event again in the next run", async () => {
    await expect(toHead(createConsumer("a", failAtThree))).rejects.toMatchObject({ cause });
    const seen: string[] = [];
    await toHead(createConsumer("a", (event) => void seen.push(event.id)));
    expect(seen).toEqual(["3", "4", "5"]);
  });

  test.each(["AbortError", "TimeoutError"])(
    "with an %s of its own has failed: no one aborted the run",
    async (name) => {
      const error = new DOMException("the bank is slow", name);
      const running = toHead(
        createConsumer("a", () => Promise.reject(error)),
        { signal: new AbortController().signal },
      );
      await expect(running).rejects.toMatchObject({ code: "consumer_failed", cause: error });
    },
  );

  test.each([undefined, null, "text", Object.create(null)])("may throw anything: %#", async (thrown: unknown) => {
    const running = toHead(createConsumer("a", () => Promise.reject(thrown as Error)));
    await expect(running).rejects.toMatchObject({ code: "consumer_failed", cause: thrown });
  });

  test("is stopped all the same", async () => {
    let stops = 0;
    const stop = async (): Promise<void> => void stops++;
    await expect(toHead({ name: "a", consume: failAtThree, stop })).rejects.toMatchObject({ cause });
    expect(stops).toBe(1);
  });

  test("while it is reset ends the run with that very error, no event consumed", async () => {
    let [stops, consumed] = [0, 0];
    const stop = async (): Promise<void> => void stops++;
    const consumer = { name: "a", consume: () => void consumed++, reset: () => Promise.reject(cause), stop };
    await expect(toHead(consumer)).rejects.toBe(cause);
    expect({ stops, consumed }).toEqual({ stops: 1, consumed: 0 });
  });
});

test("a cursor that someone else has moved ends the run with the store's error as it came", async () => {
  const consumer = createConsumer("a", (event) => {
    if (event.id !== "3") return;
    handle.prepare("update cursors set last_event_id = 9 where id = 'a'").run();
  });
  const store = cursors.toStore(handle, { asyncPeriodMs: 0 });
  const spec = { stream: events.toStream(handle), cursors: store, consumer, options: { toHead: true } };
  await expect(run(spec)).rejects.toMatchObject({
    code: "cursor_not_advanced",
    details: { consumer: "a", cursor: "3", existing: "9" },
  });
  expect(writtenCursor(handle, "a")).toBe("9");
});

test("the observer is told of each event with the consumer's error, and its own throwing changes nothing", async () => {
  const reports: ConsumeReport[] = [];
  const warnings: string[] = [];
  const consume = (report: ConsumeReport): void => {
    reports.push(report);
    throw new Error("observer");
  };
  const logger = { warn: (message: string) => void warnings.push(message) };
  const error = new Error("no");
  const consumer = createConsumer("a", (event) => (event.id === "2" ? Promise.reject(error) : undefined));
  await expect(toHead(consumer, { observer: { consume }, logger })).rejects.toMatchObject({ cause: error });
  expect(reports).toMatchObject([
    { consumer: "a", eventId: "1", eventType: 1, error: undefined },
    { consumer: "a", eventId: "2", eventType: 1, error },
  ]);
  for (const { durationMs, lagMs } of reports) {
    expect(durationMs).toBeGreaterThanOrEqual(0);
    expect(lagMs).toBeGreaterThanOrEqual(0);
  }
  expect(warnings).toHaveLength(2);
});
