import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { RunScene, slowAtTwo } from "../../test/support/runs/run-scene.ts";
import { Gate } from "../../test/support/waiting/gate.ts";
import { CursorsTable } from "../tables/cursors/cursors-table.ts";
import type { Consumer } from "./consumer.ts";
import type { ErrorReport } from "./observer.ts";
import type { Spec } from "./spec.ts";

const reason = new Error("the pod is to stop");
let scene: RunScene;

beforeEach(async () => {
  scene = await RunScene.open();
});
afterEach(() => scene.close());

describe("an abort while an event is consumed", () => {
  test("waits for the consumer, keeps and writes its cursor, and rejects with the reason", async () => {
    const { consumer, begun, work, seen } = slowAtTwo();
    let ended = false;
    const running = scene.start({ consumer }).finally(() => (ended = true));
    await begun;
    scene.controller.abort(reason);
    await new Promise(setImmediate);
    expect(ended).toBe(false);
    expect(scene.writtenCursor()).toBe("0");
    work.open();
    await expect(running).rejects.toBe(reason);
    expect(scene.writtenCursor()).toBe("2");
    expect(seen).toEqual(["1", "2"]);
    expect(scene.reports).toEqual([]);
  });

  test.each([{ given: "text" }, { given: null }, { given: 0 }])(
    "rejects with $given itself, though no Error",
    async ({ given }) => {
      const { consumer, begun, work } = slowAtTwo();
      const running = scene.start({ consumer });
      await begun;
      scene.controller.abort(given);
      work.open();
      await expect(running).rejects.toBe(given);
    },
  );

  test("reaches the consumer through its signal, and what that leads to is no failure", async () => {
    const errors: unknown[] = [];
    const consume: Consumer["consume"] = async (_event, { signal }) => {
      scene.controller.abort(reason);
      expect(signal.reason).toBe(reason);
      throw new DOMException("cancelled", "AbortError");
    };
    const observer = { error: (report: ErrorReport) => void errors.push(report) };
    await expect(scene.start({ consumer: { name: "a", consume } }, { observer })).rejects.toBe(reason);
    expect(scene.writtenCursor()).toBe("0");
    expect(errors).toEqual([]);
  });

  test("rejects with the reason though the consumer then fails, and that failure is reported", async () => {
    const { consumer, begun, work } = slowAtTwo();
    const running = scene.start({ consumer });
    await begun;
    scene.controller.abort(reason);
    const cause = new Error("no such order");
    work.fail(cause);
    await expect(running).rejects.toBe(reason);
    expect(scene.writtenCursor()).toBe("1");
    expect(scene.reports).toMatchObject([{ activity: "run", name: "a", error: { code: "consumer_failed", cause } }]);
  });
});

function endsByItself(after: string): ReturnType<Spec["stream"]> {
  return scene.events.stream(scene.handle, after, { toHead: true });
}

describe("an abort at the head", () => {
  test("ends the wait for events by rejecting with the reason, cursors written", async () => {
    const atHead = new Gate();
    const consume: Consumer["consume"] = ({ id }) => {
      if (id === "3") setImmediate(() => atHead.open());
    };
    const running = scene.start({ consumer: { name: "a", consume } });
    await atHead.opened;
    scene.controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(scene.writtenCursor()).toBe("3");
  });

  test("rejects also when a stream of the user's just ends at it", async () => {
    const consume: Consumer["consume"] = ({ id }) => (id === "3" ? scene.controller.abort(reason) : undefined);
    const consumer = { name: "a", consume };
    await expect(scene.start({ stream: endsByItself, consumer })).rejects.toBe(reason);
    expect(scene.writtenCursor()).toBe("3");
  });
});

test("a signal that is aborted already opens nothing, calls no one, and rejects with its reason", async () => {
  const calls: string[] = [];
  const call = (name: string) => async (): Promise<never> => {
    calls.push(name);
    throw new Error(name);
  };
  const consumer = { name: "a", consume: call("consume"), reset: call("reset"), stop: call("stop") };
  const cursors = { ...scene.store, getCursor: call("getCursor"), flush: call("flush") };
  const stream = (): never => {
    calls.push("stream");
    throw new Error("stream");
  };
  scene.controller.abort("before");
  await expect(scene.start({ consumer, cursors, stream })).rejects.toBe("before");
  expect(calls).toEqual([]);
});

test("no event is consumed after the abort, also of a stream that takes no notice of it", async () => {
  const seen: string[] = [];
  const consume: Consumer["consume"] = ({ id }) => {
    seen.push(id);
    scene.controller.abort(reason);
  };
  const stream: Spec["stream"] = (after) => scene.events.stream(scene.handle, after);
  await expect(scene.start({ stream, consumer: { name: "a", consume } })).rejects.toBe(reason);
  expect(seen).toEqual(["1"]);
  expect(scene.writtenCursor()).toBe("1");
});

test("an aborted run leaves no timer, which would keep the process alive", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const cursors = new CursorsTable("cursors", { asyncPeriodMs: 0 }).toStore(scene.handle);
    const consumer = { name: "a", consume: () => scene.controller.abort(reason) };
    await expect(scene.start({ consumer, cursors })).rejects.toBe(reason);
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
    stop: async () => scene.controller.abort(reason),
  };
  await expect(scene.start({ consumer })).rejects.toMatchObject({ code: "consumer_failed", cause });
});

test.each([
  ["ends well", () => undefined],
  ["fails", () => Promise.reject(reason)],
])("a run that %s leaves no listener on the signal, and has had one", async (_how, consume) => {
  const listeners: number[] = [];
  const watched: Consumer["consume"] = () => {
    listeners.push(getEventListeners(scene.controller.signal, "abort").length);
    return consume();
  };
  await scene.start({ consumer: { name: "a", consume: watched }, options: { toHead: true } }).catch(() => undefined);
  expect(new Set(listeners)).toEqual(new Set([1]));
  expect(getEventListeners(scene.controller.signal, "abort")).toEqual([]);
});
