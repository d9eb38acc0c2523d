import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ForeverScene } from "../../test/support/runs/forever-scene.ts";
import { ReflexError } from "../errors/reflex-error.ts";
import { setHoldTimes } from "./hold-times.ts";

let scene: ForeverScene;

beforeEach(() => {
  scene = new ForeverScene();
});
afterEach(() => scene.close());

describe("a hold", () => {
  beforeEach(() => scene.table.rewrite("new 1", "new 2", "new 3"));

  // Catches a hold of which nobody is told any more after the first minute's noise is gone.
  test("is told again every minute", async () => {
    setHoldTimes({ lookMs: 600_000, tellMs: 3 });
    scene.start();
    await scene.holds.first((_report, index) => index === 3);
    expect(scene.holds.all.map(({ state }) => state)).not.toContain("released");
    expect(scene.holds.all.map(({ heldMs }) => heldMs)).toEqual(
      scene.holds.all.map(({ heldMs }) => heldMs).toSorted((a, b) => a - b),
    );
  });

  // Catches a hold that the failure of one look ends, or that hides that it can't look.
  test("holds it though a look fails, which is told and tried again", async () => {
    const failure = new Error("the database is down");
    scene.start();
    await scene.holds.first();
    const { getCursor } = scene.cursors;
    scene.cursors.getCursor = () => Promise.reject(failure);
    expect(await scene.errors.first()).toEqual({ activity: "hold", name: "a", error: failure, retryInMs: 2 });
    scene.cursors.getCursor = getCursor;
    await scene.looks(2);
    expect(scene.released).toEqual([]);
    scene.table.rewrite("old 1", "old 2", "old 3");
    expect(await scene.seen.first()).toBe("old 3");
  });

  // Catches a hold that is told only once the database answers.
  test("is told though the first look fails", async () => {
    const failure = new Error("the database is down");
    const { getCursor } = scene.cursors;
    const stop = async (): Promise<void> => {
      scene.cursors.getCursor = () => Promise.reject(failure);
    };
    scene.start({ stop });
    expect(await scene.holds.first()).toMatchObject({ state: "held", cursor: "2" });
    scene.cursors.getCursor = getCursor;
    await scene.looks(2);
    expect(scene.released).toEqual([]);
  });

  // Catches a shutdown that waits for a hold.
  test.each([{ lookMs: 600_000 }, { lookMs: 0 }])(
    "is ended by an abort at once, with its reason, looking every %o",
    async (times) => {
      setHoldTimes(times);
      scene.start();
      await scene.holds.first();
      scene.controller.abort("the pod is to stop");
      await expect(scene.running).rejects.toBe("the pod is to stop");
      expect(scene.running.status()).toMatchObject({ state: "stopped", error: "the pod is to stop" });
    },
  );

  // Catches a request that waits for a look that takes its time.
  test("obeys a request though it does not look for long", async () => {
    setHoldTimes({ lookMs: 600_000 });
    scene.start();
    await scene.holds.first();
    scene.cursors.ask("reset", "0");
    expect(await scene.seen.first()).toBe("new 1");
  });

  // Catches a look that takes the place of a run, a consumer that is paused and goes on, one that is never paused.
  test("lets a consumer that was paused meanwhile wait until it is resumed", async () => {
    scene.start();
    await scene.holds.first();
    scene.cursors.ask("pause");
    await scene.looks(2);
    scene.cursors.ask("reset", "0");
    await scene.holds.first(({ reason }) => reason === "paused");
    expect(scene.running.status().state).toBe("paused");
    expect(scene.seen.all).toEqual([]);
    scene.cursors.ask("resume");
    expect(await scene.seen.first()).toBe("new 1");
  });

  // Catches a consumer that was retired or whose cursor was deleted, and that is held for ever.
  test("is ended by retire, after which resume has it held again, and by delete, which ends the run", async () => {
    scene.start();
    await scene.holds.first();
    scene.cursors.ask("retire");
    expect(await scene.errors.first()).toMatchObject({ error: { code: "consumer_retired" } });
    scene.cursors.ask("resume");
    await scene.holds.next();
    scene.cursors.ask("delete");
    await expect(scene.running).rejects.toMatchObject({ code: "cursor_deleted" });
    expect(scene.cursors.row).toBeUndefined();
  });

  // Catches the option that does nothing.
  test('ends the run with onPositionFault "end"', async () => {
    scene.start({}, { onPositionFault: "end" });
    await expect(scene.running).rejects.toMatchObject({
      code: "history_rewritten",
      message: expect.stringContaining("accept 2 of a") as string,
    });
    expect(scene.holds.all).toEqual([]);
  });

  // Catches a consumer's own trouble with another table that is taken for its stream's, and held.
  test("is told apart from a fault that the consumer's own reset has met", async () => {
    const fault = new ReflexError("history_rewritten", "of another table");
    scene.table.rewrite("old 1", "old 2", "old 3");
    let failures = 1;
    scene.start({ reset: async () => (failures-- > 0 ? Promise.reject(fault) : undefined) });
    expect(await scene.seen.first()).toBe("old 3");
    expect([scene.errors.all.map(({ error }) => error), scene.holds.all]).toEqual([[fault], []]);
  });

  // Catches a release after which the consumer's stop or reset is not called, or called in the wrong order.
  test("is held between the stop of one run and the reset of the next", async () => {
    const steps: string[] = [];
    scene.start({ reset: async () => void steps.push("reset"), stop: async () => void steps.push("stop") });
    await scene.holds.first();
    expect(steps).toEqual(["reset", "stop"]);
    scene.cursors.ask("reset", "0");
    await scene.seen.first();
    expect(steps).toEqual(["reset", "stop", "reset"]);
  });
});
