import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { storedEvent } from "../../test/support/events/stored-event.ts";
import { ForeverScene } from "../../test/support/runs/forever-scene.ts";
import { RequestingStore } from "../../test/support/runs/requesting-store.ts";
import { RunScene, slowAtTwo } from "../../test/support/runs/run-scene.ts";
import { Gate } from "../../test/support/waiting/gate.ts";
import { isReflexError } from "../errors/reflex-error.ts";
import type { ConsumeContext } from "./consumer.ts";
import { HandlingLimit } from "./handling-limit.ts";
import type { RunOptions } from "./run-options.ts";

// Nobody has aborted the run, though its signal is aborted.
const leftBehind = {
  code: "time_limit",
  message:
    "the run of a left the consumer's work on an event (event 2) behind: it took longer than handlingTimeoutMs, and had not ended 5 ms after that",
  details: { consumer: "a", what: "the consumer's work on an event", eventId: "2" },
};

describe("a run whose consumer is at work on an event for longer than handlingTimeoutMs", () => {
  let scene: RunScene;
  beforeEach(async () => {
    scene = await RunScene.open();
  });
  afterEach(() => scene.close());

  // Catches a handler that hangs for ever, and a cursor that passes an event of which nobody knows what became.
  test("rejects with handling_timeout, its cursor before the event, if the work never ends", async () => {
    const { consumer, seen, work } = slowAtTwo();
    await expect(scene.start({ consumer }, { handlingTimeoutMs: 5, shutdownMs: 5 })).rejects.toMatchObject({
      code: "handling_timeout",
      message: expect.stringMatching(/^consumer a has not finished event 2 of type 2 after 5 ms/) as string,
      details: { consumer: "a", eventId: "2", eventType: 2, timeoutMs: 5 },
    });
    expect([seen, scene.writtenCursor()]).toEqual([["1", "2"], "1"]);
    expect(scene.reports).toMatchObject([{ activity: "shutdown", name: "a", error: leftBehind }]);
    // What comes of it later must move nothing.
    work.open();
    await new Promise(setImmediate);
    expect(scene.writtenCursor()).toBe("1");
  });

  // Catches a cursor that is moved since the work ended without an error, which at an abort means nothing.
  test("tells the consumer by its signal, waits for it, and leaves the cursor before the event however it ends", async () => {
    const reasons: unknown[] = [];
    const consume = async ({ id }: { id: string }, { signal }: ConsumeContext): Promise<void> => {
      if (id !== "2") return;
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      reasons.push(signal.reason);
    };
    const running = scene.start({ consumer: { name: "a", consume } }, { handlingTimeoutMs: 5 });
    const error: unknown = await running.catch((thrown: unknown) => thrown);
    expect(isReflexError(error, "handling_timeout")).toBe(true);
    expect([reasons, scene.writtenCursor(), scene.reports]).toEqual([[error], "1", []]);
  });

  // Catches a message that allows what is refused.
  test.each([0, -1, "1s", Number.NaN])("refuses a limit that is none: %s", async (handlingTimeoutMs) => {
    const options = { handlingTimeoutMs } as unknown as RunOptions;
    const running = scene.start({ consumer: { name: "a", consume: () => undefined } }, options);
    await expect(running).rejects.toThrow(
      "option handlingTimeoutMs of run must be a number of ms, more than 0, found ",
    );
  });

  // Catches a limit that cuts off work which is within it.
  test.each([600_000, Number.POSITIVE_INFINITY])("goes on if the limit is longer: %d ms", async (handlingTimeoutMs) => {
    const consume = (): Promise<void> => new Promise(setImmediate);
    await scene.start({ consumer: { name: "a", consume }, options: { toHead: true } }, { handlingTimeoutMs });
    expect(scene.writtenCursor()).toBe("3");
  });
});

describe("runForever", () => {
  // Catches an event that is given up, one that comes while the work on another may still be going on, and a hung run.
  test("gives the same event again, and no other before the work on it has ended", async () => {
    const scene = new ForeverScene();
    scene.cursors = new RequestingStore("0");
    const [began, atAbort, end] = [new Gate(), new Gate(), new Gate()];
    let tries = 0;
    const consume = async ({ foreignId }: { foreignId: string }, { signal }: ConsumeContext): Promise<void> => {
      scene.seen.add(foreignId);
      if (foreignId !== "old 1" || tries++ > 0) return;
      began.open();
      signal.addEventListener("abort", () => atAbort.open(), { once: true });
      await end.opened;
    };
    scene.start({ consume }, { handlingTimeoutMs: 5, shutdownMs: 600_000 });
    await began.opened;
    expect(scene.running.status()).toMatchObject({ state: "handling", event: "1", position: "0" });
    await atAbort.opened;
    await scene.settled();
    expect(scene.seen.all).toEqual(["old 1"]);
    end.open();
    await scene.seen.first((foreignId) => foreignId === "old 2");
    expect(scene.seen.all).toEqual(["old 1", "old 1", "old 2"]);
    expect(scene.errors.all).toMatchObject([{ activity: "run", error: { code: "handling_timeout" } }]);
    await scene.settled();
    expect(scene.cursors.row?.cursor).toBe("2");
    await scene.close();
  });
});

describe("the limit of the work on an event", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  // Catches a timer that counts from the first event on, and one that is forgotten once it has fired for nothing.
  test("counts for each event from its own beginning", () => {
    const exceeded: string[] = [];
    const limit = new HandlingLimit({ timeoutMs: 10, exceeded: ({ id }) => void exceeded.push(id) });
    const begin = (id: number): void => limit.begun(storedEvent(id));
    begin(1);
    vi.advanceTimersByTime(9);
    begin(2);
    vi.advanceTimersByTime(9);
    expect(exceeded).toEqual([]);
    limit.ended();
    vi.advanceTimersByTime(100);
    begin(3);
    vi.advanceTimersByTime(9);
    expect(exceeded).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(exceeded).toEqual(["3"]);
    begin(4);
    limit.close();
    vi.advanceTimersByTime(100);
    expect([exceeded, vi.getTimerCount()]).toEqual([["3"], 0]);
  });
});
