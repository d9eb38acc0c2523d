import { setImmediate } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { createConsumer } from "../../reflex/consumer.ts";
import { positionOf } from "../../reflex/event-position.ts";
import { run } from "../../reflex/run.ts";
import { eventStreamContract } from "../contracts/event-stream-contract.ts";
import { makeTestEvent } from "./make-test-event.ts";
import { memoryCursorStore } from "./memory-cursor-store.ts";
import { mockStream } from "./mock-stream.ts";

const refused = expect.objectContaining({ code: "invalid_argument" });

async function ids(events: AsyncIterable<{ id: string }>): Promise<string[]> {
  const found = [];
  for await (const { id } of events) found.push(id);
  return found;
}

// What each catches is said by its name and tried out in event-stream-contract.test.ts.
describe.each([{}, { delayMs: 1 }])("the contract of streams holds for a mock stream with %j", (options) => {
  const cases = eventStreamContract(
    () => {
      const stream = mockStream([], options);
      const toParts = (foreignId: string): object => ({ foreignId, timestamp: new Date() });
      return { stream, insert: async (foreignIds) => stream.push(...foreignIds.map(toParts)) };
    },
    { patienceMs: 20_000 },
  );
  test.each(cases)("$name", (rule) => expect(rule.run()).resolves.toBeUndefined());
});

describe("a mock stream", () => {
  // Catches ids that start anew at each push, which streams that resume would pass by.
  test("gives events without an id the one after the event before", async () => {
    const stream = mockStream([{ foreignId: "a" }, { id: 9, foreignId: "b" }, { foreignId: "c" }]);
    expect(stream.push({ foreignId: "d" }, makeTestEvent({ id: "20" }), {}).map(({ id }) => id)).toEqual([
      "11",
      "20",
      "21",
    ]);
    expect(await ids(stream("", { toHead: true }))).toEqual(["1", "9", "10", "11", "20", "21"]);
    expect(stream.events.map(({ foreignId }) => foreignId)).toEqual(["a", "b", "c", "d", "1", "1"]);
  });

  // Catches copies: a consumer's test may compare by identity.
  test("delivers the very event that it was given", async () => {
    const event = makeTestEvent({ id: 3, timestampMicros: 1_500 });
    const { value } = await mockStream([event])("").next();
    expect(value).toBe(event);
  });

  // Catches a mock whose streams would deliver events out of order or twice.
  test.each([
    ["ids that don't ascend", [{ id: 2 }, { id: 2 }]],
    ["an id below the one before", [{ id: 2 }, { id: 1 }]],
    ["what is no event", [{ type: 1.5 }]],
  ])("refuses %s", (_, events) => {
    expect(() => mockStream(events)).toThrow(refused);
    expect(() => mockStream([{ id: 2 }]).push(...events)).toThrow(refused);
  });

  // Catches a consumer's test that passes though its cursor is of other events, which a table's stream would refuse.
  test("compares the position with the event at the cursor, and knows that event", async () => {
    const stream = mockStream([{ foreignId: "a" }, { foreignId: "b" }, { foreignId: "c" }]);
    const [first, second] = stream.events.map((event) => positionOf(event));
    const started = stream("2", { position: second, toHead: true });
    expect(await ids(started)).toEqual(["3"]);
    expect([started.anchor, started.table]).toEqual([stream.events[1], undefined]);
    for (const position of [first, "", undefined]) {
      expect(await ids(stream("2", { position, toHead: true }))).toEqual(["3"]);
    }
    const other = mockStream([{ foreignId: "a" }, { foreignId: "x" }, { foreignId: "c" }]);
    await expect(other("2", { position: second }).next()).rejects.toMatchObject({
      code: "history_rewritten",
      details: { cursor: "2" },
    });
    expect(await ids(other("", { position: second, toHead: true }))).toEqual(["1", "2", "3"]);
    expect(await other("2", { position: second, fromHead: true }).start()).toBe("3");
  });

  // Catches options that are silently ignored.
  test("refuses options that it does not have", () => {
    expect(() => mockStream([], { delay: 5 } as object)).toThrow("delayMs");
    expect(() => mockStream([])("", { lag: 5 } as object)).toThrow("lagMs");
    expect(() => mockStream([])("x")).toThrow(expect.objectContaining({ code: "invalid_cursor" }) as Error);
    expect(() => mockStream({} as [])).toThrow(refused);
  });

  // Catches an error that comes before the events, that is lost with toHead, or that is wrapped.
  test.each([{}, { toHead: true }])("rejects with its error after the last event, with %j", async (options) => {
    const error = new Error("the network is down");
    const stream = mockStream([{}, {}], { error })("", options);
    expect([(await stream.next()).value?.id, (await stream.next()).value?.id]).toEqual(["1", "2"]);
    await expect(stream.next()).rejects.toBe(error);
  });

  // Catches a delay that an abort has to wait out, and one that comes once instead of before each event.
  test("delivers events one by one, each after its delay, which an abort ends", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    try {
      const batches = mockStream([{}, {}], { delayMs: 10 })("", { toHead: true }).batches();
      for (let round = 0; round < 2; round++) {
        const delivered: number[] = [];
        const next = batches.next().then(({ value }) => delivered.push(value?.length ?? 0));
        await vi.advanceTimersByTimeAsync(9);
        expect(delivered).toEqual([]);
        await vi.advanceTimersByTimeAsync(1);
        await next;
        expect(delivered).toEqual([1]);
      }
    } finally {
      vi.useRealTimers();
    }
    const controller = new AbortController();
    const pending = mockStream([{}], { delayMs: 600_000 })("", { signal: controller.signal }).next();
    // So that it waits already.
    await setImmediate();
    controller.abort(new Error("enough"));
    await expect(pending).rejects.toThrow("enough");
  });

  // Catches a mock that run() can't take for a stream.
  test("feeds a run, which goes on where its cursor stands", async () => {
    const stream = mockStream([{ foreignId: "a" }, { foreignId: "b" }]);
    const cursors = memoryCursorStore({ mailer: "1" });
    const seen: string[] = [];
    const consumer = createConsumer("mailer", (event) => void seen.push(event.foreignId));
    await run({ stream, cursors, consumer, options: { toHead: true } });
    stream.push({ foreignId: "c" });
    await run({ stream, cursors, consumer, options: { toHead: true } });
    expect(seen).toEqual(["b", "c"]);
    expect(cursors.cursors()).toEqual({ mailer: "3" });
  });
});
