import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ForeverScene } from "../../test/support/runs/forever-scene.ts";
import { RequestingStore } from "../../test/support/runs/requesting-store.ts";
import { Gate } from "../../test/support/waiting/gate.ts";
import type { Consumer } from "./consumer.ts";
import { setHoldTimes } from "./hold-times.ts";
import { run } from "./run.ts";

let scene: ForeverScene;

beforeEach(() => {
  scene = new ForeverScene();
  scene.cursors = new RequestingStore("0");
});
afterEach(() => scene.close());

/** Starts a run and waits until it has consumed both events. */
async function atRest(parts: Partial<Consumer> = {}): Promise<void> {
  scene.start(parts);
  await scene.seen.first((foreignId) => foreignId === "old 2");
  await scene.settled();
}

/** A `run`, not one that goes on for ever, of the scene's parts. */
function runOnce(): ReturnType<typeof run> {
  const consumer: Consumer = { name: "a", consume: ({ foreignId }) => scene.seen.add(foreignId) };
  const options = { signal: scene.controller.signal, observer: { hold: scene.holds.add } };
  return run({ stream: scene.table.stream, cursors: scene.cursors, consumer }, options);
}

describe("a pause", () => {
  // Catches a pause that nobody hears of, that lets events through, or after which some are lost.
  test("delivers nothing until the consumer is resumed, and is told with its beginning and end", async () => {
    await atRest();
    scene.cursors.ask("pause");
    expect(await scene.holds.first()).toMatchObject({
      consumer: "a",
      state: "held",
      reason: "paused",
      cursor: "2",
      error: undefined,
      message: expect.stringMatching(/^consumer a was paused by Ann at cursor 2/u) as string,
    });
    expect(scene.running.status()).toMatchObject({ state: "paused" });
    scene.table.push("3");
    await scene.settled();
    expect([scene.seen.all.length, scene.table.open]).toEqual([2, 0]);
    scene.cursors.ask("resume");
    expect(await scene.seen.next()).toBe("3");
    expect(scene.released).toMatchObject([{ state: "released", reason: "paused", cursor: "2" }]);
    await scene.settled();
    expect(scene.running.status()).toMatchObject({ state: "waiting" });
    expect(scene.errors.all).toEqual([]);
  });

  // Catches a pause that is forgotten by everyone but the database.
  test("is told again every minute", async () => {
    setHoldTimes({ tellMs: 3 });
    await atRest();
    scene.cursors.ask("pause");
    await scene.holds.first((_report, index) => index === 3);
    expect(scene.holds.all.map(({ state }) => state)).not.toContain("released");
  });

  // Catches a paused consumer that a deployment sets going.
  test("holds a run that starts", async () => {
    scene.cursors.ask("pause");
    scene.start();
    await scene.holds.first();
    await scene.settled();
    expect([scene.seen.all, scene.table.opened]).toEqual([[], []]);
    scene.cursors.ask("resume");
    expect(await scene.seen.first()).toBe("old 1");
  });

  // Catches a request that is left until the consumer is resumed.
  test("obeys other requests meanwhile, and sees a cursor that was set by hand", async () => {
    await atRest();
    scene.cursors.ask("pause");
    await scene.holds.first();
    scene.cursors.ask("reset", "0");
    await scene.settled();
    expect(scene.cursors.row).toMatchObject({ cursor: "0", control: { state: "paused" } });
    expect(scene.running.status().state).toBe("paused");
    if (scene.cursors.row !== undefined) scene.cursors.row.cursor = "1";
    scene.cursors.lose(new Error("someone else moved it"));
    await scene.settled();
    scene.cursors.ask("resume");
    expect(await scene.seen.next()).toBe("old 2");
    expect(scene.errors.all).toEqual([]);
  });

  // Catches a shutdown that waits for someone to resume the consumer, in either kind of run.
  test.each([
    ["a run", runOnce],
    [
      "a run that goes on for ever",
      () => {
        scene.start();
        return scene.running;
      },
    ],
  ])("of %s is ended by an abort with its reason", async (_what, start) => {
    scene.cursors.ask("pause");
    const running = start();
    await scene.holds.first();
    expect(running.status().state).toBe("paused");
    scene.controller.abort("the pod is to stop");
    await expect(running).rejects.toBe("the pod is to stop");
  });
});

describe("a consumer that is retired", () => {
  // Catches a run that goes on, or that takes its retirement for a pause.
  test("ends its run, and no other begins", async () => {
    const running = runOnce();
    await scene.seen.first((foreignId) => foreignId === "old 2");
    scene.cursors.ask("retire");
    await expect(running).rejects.toMatchObject({
      code: "consumer_retired",
      message: expect.stringContaining("by Ann") as string,
    });
    await expect(runOnce()).rejects.toMatchObject({ code: "consumer_retired" });
    expect(scene.seen.all).toEqual(["old 1", "old 2"]);
  });

  // Catches a process that must be restarted though the consumer was resumed, and a retry without a pause.
  test("is told as an error by a run that goes on for ever, which runs again once it is resumed", async () => {
    scene.start({}, { minBackoffMs: 600_000 });
    await scene.seen.first((foreignId) => foreignId === "old 2");
    scene.cursors.ask("retire");
    await scene.errors.first();
    await scene.settled();
    expect(scene.errors.all).toMatchObject([{ activity: "run", error: { code: "consumer_retired" } }]);
    scene.table.push("3");
    scene.cursors.ask("resume");
    expect(await scene.seen.next()).toBe("3");
  });
});

describe("a cursor that is deleted", () => {
  // Catches a run that starts again at the first event, and one that writes the deleted row again.
  test("ends also a run that goes on for ever, and is not written again", async () => {
    await atRest();
    scene.cursors.ask("delete");
    await expect(scene.running).rejects.toMatchObject({ code: "cursor_deleted" });
    expect([scene.cursors.row, scene.errors.all]).toEqual([undefined, []]);
  });

  // Catches a run that ends since a deletion was asked that no longer is.
  test("is not, if the request is withdrawn at the last moment", async () => {
    scene.cursors.withdrawAtLast();
    await atRest();
    scene.cursors.ask("delete");
    await scene.looks(1);
    scene.table.push("3");
    expect(await scene.seen.next()).toBe("3");
  });
});

describe("a cursor that someone else has moved", () => {
  const lost = new Error("someone else moved it");

  // Catches a rival that is noticed only when the next event comes.
  test("ends the run at rest with the store's error, and the next begins where the cursor is", async () => {
    await atRest();
    if (scene.cursors.row !== undefined) scene.cursors.row.cursor = "1";
    scene.cursors.lose(lost);
    expect(await scene.seen.next()).toBe("old 2");
    expect(scene.errors.all).toMatchObject([{ activity: "run", error: lost }]);
  });

  // Catches an event that is broken off, and one more that is begun.
  test("ends the run once the event at hand is finished", async () => {
    const [begun, work] = [new Gate(), new Gate()];
    const consumer: Consumer = {
      name: "a",
      consume: async ({ foreignId }) => {
        begun.open();
        await work.opened;
        scene.seen.add(foreignId);
      },
    };
    const running = run({ stream: scene.table.stream, cursors: scene.cursors, consumer });
    await begun.opened;
    scene.cursors.lose(lost);
    await scene.settled();
    work.open();
    await expect(running).rejects.toBe(lost);
    expect(scene.seen.all).toEqual(["old 1"]);
  });
});

describe("the watch of a run", () => {
  // Catches a cursor of which nobody knows to which table it belongs, and a watch that outlives its run.
  test("names the events table, and ends with the run", async () => {
    const consumer: Consumer = { name: "a", consume: ({ foreignId }) => scene.seen.add(foreignId) };
    const stream: typeof scene.table.stream = (after, options) =>
      Object.defineProperty(scene.table.stream(after, { ...options, toHead: false }), "table", { value: "orders" });
    const { signal } = scene.controller;
    const running = run({ stream, cursors: scene.cursors, consumer }, { signal });
    await scene.seen.first((foreignId) => foreignId === "old 2");
    expect([...scene.cursors.watches].map(({ table }) => table)).toEqual(["orders"]);
    scene.controller.abort("enough");
    await expect(running).rejects.toBe("enough");
    expect(scene.cursors.watches.size).toBe(0);
  });
});
