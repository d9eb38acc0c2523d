import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ForeverScene } from "../../test/support/runs/forever-scene.ts";
import { RequestingStore } from "../../test/support/runs/requesting-store.ts";
import { Gate } from "../../test/support/waiting/gate.ts";
import type { Consumer } from "./consumer.ts";
import type { StreamFunc } from "./stream.ts";

let scene: ForeverScene;

beforeEach(() => {
  scene = new ForeverScene();
  scene.cursors = new RequestingStore("0");
});
afterEach(() => scene.close());

/** Works on event 1 until the gate opens. */
function slowAtOne(): { consume: Consumer["consume"]; begun: Promise<void>; work: Gate; signals: AbortSignal[] } {
  const [begun, work] = [new Gate(), new Gate()];
  const signals: AbortSignal[] = [];
  const consume: Consumer["consume"] = async ({ id, foreignId }, { signal }) => {
    scene.seen.add(foreignId);
    if (id !== "1" || scene.seen.all.length > 1) return;
    signals.push(signal);
    begun.open();
    await work.opened;
  };
  return { consume, begun: begun.opened, work, signals };
}

/** Waits until the run has consumed both events and waits for more. */
async function atRest(): Promise<void> {
  await scene.seen.first((foreignId) => foreignId === "old 2");
  await scene.settled();
}

describe("a reset", () => {
  // Catches a request that is looked at when the next event comes, which may take a day.
  test("is obeyed at rest: the stream is opened anew at the cursor as it then is", async () => {
    scene.start();
    await atRest();
    scene.cursors.ask("reset", "1");
    await scene.seen.first((_foreignId, index) => index === 2);
    expect(scene.seen.all).toEqual(["old 1", "old 2", "old 2"]);
    expect(scene.table.opened.map(({ after }) => after)).toEqual(["0", "1"]);
    await scene.settled();
    expect(scene.running.status().state).toBe("waiting");
  });

  // Catches an event that is broken off or forgotten, and a cursor that overwrites the one that was asked for.
  test("lets the event at hand be finished and its cursor be set, with no abort of the consumer's signal", async () => {
    const { consume, begun, work, signals } = slowAtOne();
    scene.start({ consume });
    await begun;
    scene.cursors.ask("reset", "0");
    await scene.settled();
    expect(scene.cursors.steps).toEqual([]);
    work.open();
    await scene.seen.first((_foreignId, index) => index === 2);
    expect(scene.cursors.steps.slice(0, 3)).toEqual([
      ["cursor", "1"],
      ["obeyed", "reset"],
      ["cursor", "1"],
    ]);
    expect(scene.seen.all).toEqual(["old 1", "old 1", "old 2"]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });

  // Catches a request that was made while nobody ran, and is obeyed after an event that it was to prevent.
  test("that was asked before the run is obeyed before its first event", async () => {
    scene.cursors.ask("reset", "1");
    scene.start();
    await atRest();
    expect(scene.seen.all).toEqual(["old 2"]);
  });

  // Catches a consumer that is reset or stopped though its run goes on.
  test("is no new run to the consumer", async () => {
    const steps: string[] = [];
    scene.start({ reset: async () => void steps.push("reset"), stop: async () => void steps.push("stop") });
    await atRest();
    scene.cursors.ask("reset", "0");
    await scene.seen.first((_foreignId, index) => index === 3);
    expect(steps).toEqual(["reset"]);
  });

  // Catches an event that is lost or comes twice where a stream gives way in the middle of its page.
  test("in the middle of a page loses none of the others", async () => {
    const consume: Consumer["consume"] = ({ id, foreignId }) => {
      scene.seen.add(foreignId);
      if (id === "3") scene.cursors.ask("pause");
    };
    scene.table.push("3", "4", "5");
    scene.start({ consume });
    await scene.holds.first();
    expect(scene.seen.all).toEqual(["old 1", "old 2", "3"]);
    scene.cursors.ask("resume");
    await scene.seen.first((foreignId) => foreignId === "5");
    expect(scene.seen.all).toEqual(["old 1", "old 2", "3", "4", "5"]);
  });

  // Catches streams that end at the abort of their signal in a way of their own.
  test.each<[string, (reason: unknown) => IteratorResult<never>]>([
    ["just end", () => ({ done: true, value: undefined })],
    ["throw an AbortError", () => raise(new DOMException("aborted", "AbortError"))],
    ["throw an error around the reason", (reason) => raise(new Error("the stream was ended", { cause: reason }))],
  ])("is obeyed with streams that %s when they are told to end", async (_how, end) => {
    const stream: StreamFunc = (after, options = {}) => {
      const { signal, ...others } = options;
      const real = scene.table.stream(after, others);
      const next = real.next.bind(real);
      const told = new Gate();
      signal?.addEventListener("abort", () => told.open(), { once: true });
      real.next = () => Promise.race([next(), told.opened.then(() => end(signal?.reason))]);
      return real;
    };
    scene.start({ stream });
    await atRest();
    scene.cursors.ask("reset", "1");
    await scene.seen.first((_foreignId, index) => index === 2);
    expect([scene.seen.all, scene.errors.all]).toEqual([["old 1", "old 2", "old 2"], []]);
  });

  // Catches an error of the stream that is taken for the interruption which came at the same time.
  test("does not hide what the stream fails with by itself", async () => {
    const failure = new Error("the network is down");
    let failures = 1;
    const stream: StreamFunc = (after, options = {}) => {
      const real = scene.table.stream(after, options);
      const next = real.next.bind(real);
      real.next = () => next().catch((error: unknown) => Promise.reject(failures-- > 0 ? failure : (error as Error)));
      return real;
    };
    scene.start({ stream });
    await atRest();
    scene.cursors.ask("reset", "1");
    await scene.seen.first((_foreignId, index) => index === 2);
    expect(scene.errors.all).toMatchObject([{ activity: "run", error: failure }]);
  });

  // Catches a stream's trouble at its end that ends the run long after, or is told to nobody.
  test("is obeyed though the stream can't be closed, which is told", async () => {
    const failure = new Error("could not close");
    let failures = 1;
    const stream: StreamFunc = (after, options) => {
      const real = scene.table.stream(after, options);
      const close = real.close.bind(real);
      real.close = async () => {
        await close();
        if (failures-- > 0) throw failure;
      };
      return real;
    };
    scene.start({ stream });
    await atRest();
    scene.cursors.ask("reset", "1");
    await scene.seen.first((_foreignId, index) => index === 2);
    expect(scene.errors.all).toEqual([{ activity: "close", name: "a", error: failure }]);
  });
});

function raise(error: Error): never {
  throw error;
}

describe("a skip", () => {
  const cause = new Error("a poison event");

  /** Fails at event 2. */
  const poisoned: Consumer["consume"] = ({ id, foreignId }) => {
    scene.seen.add(foreignId);
    if (id === "2") throw cause;
  };

  // Catches a wait for the next attempt, which may take half a minute, that no request cuts short.
  test("of the event that fails is obeyed while the run waits for its next attempt", async () => {
    scene.table.push("3");
    scene.start({ consume: poisoned }, { minBackoffMs: 600_000 });
    await scene.errors.first();
    scene.cursors.ask("skip", "2");
    await scene.seen.first((foreignId) => foreignId === "3");
    expect(scene.seen.all).toEqual(["old 1", "old 2", "3"]);
    expect(scene.cursors.steps).toEqual([
      ["cursor", "1"],
      ["obeyed", "skip"],
      ["cursor", "3"],
    ]);
  });

  // Catches an event before it that is left out too, and a skip that is forgotten until its event comes.
  test("of an event that comes later waits for it, the events before it consumed", async () => {
    scene.start();
    await atRest();
    scene.cursors.ask("skip", "4");
    await scene.looks(1);
    await scene.settled();
    expect(scene.cursors.row?.control.request).toMatchObject({ kind: "skip" });
    scene.table.push("3", "4", "5");
    await scene.seen.first((foreignId) => foreignId === "5");
    expect(scene.seen.all).toEqual(["old 1", "old 2", "3", "5"]);
    expect(scene.cursors.row?.control.request).toBeUndefined();
  });

  // Catches a skip that waits for its event and cuts short every wait before that, so that an error is retried without one.
  test("that waits for its event does not end the wait after an error again and again", async () => {
    scene.cursors.ask("skip", "9");
    scene.start({ consume: poisoned }, { minBackoffMs: 600_000 });
    await scene.errors.first();
    await scene.settled();
    expect(scene.errors.all).toHaveLength(1);
    expect(scene.running.status()).toMatchObject({ state: "retrying" });
  });

  // Catches a skip that moves a cursor back, or waits for ever for what has passed.
  test.each(["1", "2"])("of event %s, which the consumer has passed, is refused", async (id) => {
    scene.start();
    await atRest();
    scene.cursors.ask("skip", id);
    await scene.looks(1);
    await scene.settled();
    expect(scene.cursors.steps.at(-1)).toEqual([
      "refused",
      "skip",
      expect.stringContaining("its cursor is 2") as string,
    ]);
    expect(scene.seen.all).toEqual(["old 1", "old 2"]);
  });

  // Catches a skip of a noop or a gap that waits for ever.
  test("of an event that the stream does not have is refused once the stream is beyond it", async () => {
    const without: StreamFunc = (after, options) => {
      const real = scene.table.stream(after, options);
      const next = real.next.bind(real);
      real.next = async () => {
        const result = await next();
        return result.value?.id === "3" ? next() : result;
      };
      return real;
    };
    scene.table.push("3", "4");
    scene.cursors.ask("skip", "3");
    scene.start({ stream: without });
    await scene.seen.first((foreignId) => foreignId === "4");
    await scene.settled();
    expect(scene.cursors.steps).toContainEqual(["refused", "skip", "the stream has no event 3"]);
    expect(scene.cursors.row?.cursor).toBe("4");
  });

  // Catches an event that nobody wanted to be left out any more, and that is lost.
  test("that is withdrawn at the last moment has its event consumed", async () => {
    scene.cursors.withdrawAtLast();
    scene.cursors.ask("skip", "2");
    scene.start();
    await atRest();
    expect(scene.seen.all).toEqual(["old 1", "old 2"]);
  });

  // Catches a run whose next attempt takes the row before the event that was left out for the one that it has passed.
  test("leaves the run at the event, with its position", async () => {
    const consume: Consumer["consume"] = ({ id, foreignId }) => {
      if (id === "3" && scene.seen.all.length === 1) {
        scene.seen.add("failed");
        throw cause;
      }
      scene.seen.add(foreignId);
    };
    scene.table.push("3");
    scene.cursors.ask("skip", "2");
    scene.start({ consume });
    await scene.seen.first((foreignId) => foreignId === "3");
    expect(scene.seen.all).toEqual(["old 1", "failed", "3"]);
    expect(scene.table.opened.at(-1)).toMatchObject({ after: "2", position: expect.stringMatching(/^2:/u) as string });
  });
});
