import { EventEmitter, once } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RunScene } from "../../test/support/runs/run-scene.ts";
import type { Consumer } from "./consumer.ts";
import type { CursorStore } from "./cursor-store.ts";
import type { RunOptions } from "./run.ts";
import type { Spec } from "./spec.ts";

const cause = new Error("no such order");
const flushError = new Error("the database is read-only");
const stopError = new Error("could not stop");
const closeError = new Error("could not close");
const failing: Consumer = { name: "a", consume: () => Promise.reject(cause) };
const working: Consumer = { name: "a", consume: () => undefined };
let scene: RunScene;

beforeEach(async () => {
  scene = await RunScene.open();
});
afterEach(() => scene.close());

/** The real store, whose last flush does something else: the first one writes where the consumer starts. */
function storeWhoseEnd(flush: CursorStore["flush"]): CursorStore {
  let flushes = 0;
  return { ...scene.store, flush: (options) => (flushes++ === 0 ? scene.store.flush(options) : flush(options)) };
}

function start(parts: Partial<Spec>, options?: RunOptions): Promise<void> {
  return scene.start({ consumer: working, options: { toHead: true }, ...parts }, options);
}

function throwAtOnce(error: Error): () => never {
  return () => {
    throw error;
  };
}

describe.each<[string, () => Promise<void>]>([
  ["rejects", () => Promise.reject(flushError)],
  ["throws", throwAtOnce(flushError)],
])("a flush at the end that %s", (_how, flush) => {
  test("does not hide what ended the run, and is reported", async () => {
    const running = start({ cursors: storeWhoseEnd(flush), consumer: failing });
    await expect(running).rejects.toMatchObject({ code: "consumer_failed", cause });
    expect(scene.reports).toEqual([{ activity: "flush", name: "a", error: flushError }]);
  });

  test("does not hide the reason of an abort", async () => {
    const controller = new AbortController();
    const consumer: Consumer = { name: "a", consume: () => controller.abort("enough") };
    const running = start({ cursors: storeWhoseEnd(flush), consumer }, { signal: controller.signal });
    await expect(running).rejects.toBe("enough");
    expect(scene.reports).toEqual([{ activity: "flush", name: "a", error: flushError }]);
  });

  test("is what the run rejects with when nothing else failed, since the cursor is not written", async () => {
    await expect(start({ cursors: storeWhoseEnd(flush) })).rejects.toBe(flushError);
    expect(scene.reports).toEqual([]);
  });

  test("does not keep the consumer from being stopped", async () => {
    let stops = 0;
    const consumer = { ...working, stop: async (): Promise<void> => void stops++ };
    await expect(start({ cursors: storeWhoseEnd(flush), consumer })).rejects.toBe(flushError);
    expect(stops).toBe(1);
  });
});

test("a flush that takes for ever is given flushMs, also by a store that knows no limits", async () => {
  const cursors = storeWhoseEnd(() => new Promise(() => undefined));
  await expect(start({ cursors }, { flushMs: 5 })).rejects.toMatchObject({ code: "time_limit" });
});

test("the flush writes this consumer's cursor only, within flushMs", async () => {
  const given: unknown[] = [];
  const flush: CursorStore["flush"] = async (options) => void given.push(options);
  await start({ cursors: storeWhoseEnd(flush) }, { flushMs: 1234 });
  expect(given).toEqual([{ consumer: "a", timeoutMs: 1234 }]);
});

describe.each<[string, () => Promise<void>]>([
  ["rejects", () => Promise.reject(stopError)],
  ["throws", throwAtOnce(stopError)],
])("a stop that %s", (_how, stop) => {
  test("does not hide what ended the run, and is reported", async () => {
    const running = start({ consumer: { ...failing, stop } });
    await expect(running).rejects.toMatchObject({ code: "consumer_failed", cause });
    expect(scene.reports).toEqual([{ activity: "stop", name: "a", error: stopError }]);
  });

  test("is what the run rejects with when nothing else failed", async () => {
    await expect(start({ consumer: { ...working, stop } })).rejects.toBe(stopError);
  });

  test("is reported beside a flush that failed before it", async () => {
    const cursors = storeWhoseEnd(() => Promise.reject(flushError));
    await expect(start({ cursors, consumer: { ...working, stop } })).rejects.toBe(flushError);
    expect(scene.reports).toEqual([{ activity: "stop", name: "a", error: stopError }]);
  });
});

test("a stop that is not asynchronous is no error", async () => {
  const consumer = { ...working, stop: () => undefined as unknown as Promise<void> };
  await expect(start({ consumer })).resolves.toBeUndefined();
});

test("a run that was not aborted waits for the stop, lest the next run overlap with it", async () => {
  const finishing = new EventEmitter();
  const stop = async (): Promise<void> => void (await once(finishing, "finish"));
  let ended = false;
  const running = start({ consumer: { ...working, stop } }, { shutdownMs: 0 }).then(() => (ended = true));
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect(ended).toBe(false);
  finishing.emit("finish");
  await running;
});

const notClosing: Spec["stream"] = (after, options) => {
  const stream = scene.events.stream(scene.handle, after, options);
  stream.close = () => Promise.reject(closeError);
  return stream;
};

describe("a stream", () => {
  test("whose close fails does not hide what ended the run", async () => {
    await expect(start({ stream: notClosing, consumer: failing })).rejects.toMatchObject({
      code: "consumer_failed",
      cause,
    });
    expect(scene.reports).toEqual([{ activity: "close", name: "a", error: closeError }]);
  });

  test("that throws ends the run with its error as it came, cursors written and the consumer stopped", async () => {
    const failure = new Error("the table is gone");
    const throwing: Spec["stream"] = (after, options) => {
      const real = scene.events.stream(scene.handle, after, options);
      const next = real.next.bind(real);
      real.next = async () => {
        const result = await next();
        if (result.value?.id === "2") throw failure;
        return result;
      };
      return real;
    };
    let stops = 0;
    const consumer = { ...working, stop: async (): Promise<void> => void stops++ };
    await expect(start({ stream: throwing, consumer })).rejects.toBe(failure);
    expect(stops).toBe(1);
    expect(scene.handle.prepare("select last_event_id as cursor from cursors").all()).toEqual([{ cursor: 1 }]);
  });
});

test("without an observer for errors, what was hidden at the end is a warning", async () => {
  const messages: string[] = [];
  const logger = { warn: (message: string) => void messages.push(message) };
  const cursors = storeWhoseEnd(() => Promise.reject(flushError));
  const running = start({ cursors, consumer: failing }, { observer: {}, logger });
  await expect(running).rejects.toMatchObject({ cause });
  expect(messages).toEqual(["flush of a failed: Error: the database is read-only"]);
});
