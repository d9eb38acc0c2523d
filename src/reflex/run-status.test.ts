import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ForeverScene } from "../../test/support/runs/forever-scene.ts";
import { RequestingStore } from "../../test/support/runs/requesting-store.ts";
import { Gate } from "../../test/support/waiting/gate.ts";
import type { Consumer } from "./consumer.ts";
import { run } from "./run.ts";
import { runForever } from "./run-forever.ts";
import { StatusKeeper } from "./run-status.ts";
import type { Spec } from "./spec.ts";

const cause = new Error("no such order");
let scene: ForeverScene;

beforeEach(() => {
  scene = new ForeverScene();
});
afterEach(() => scene.close());

const consumer: Consumer = { name: "a", consume: () => undefined };

describe("the status of a run", () => {
  // Catches a run that counts as healthy before it has read anything, or never does.
  test("is starting until its stream is open, then handling its events, and stopped without an error", async () => {
    const opening = new Gate();
    const stream: Spec["stream"] = (after, options) => {
      const real = scene.table.stream(after, { ...options, toHead: true });
      const start = real.start.bind(real);
      real.start = () => opening.opened.then(start);
      return real;
    };
    const states: unknown[] = [];
    const consume = (): void => {
      const { state, event, position } = running.status();
      states.push({ state, event, position });
    };
    scene.cursors = new RequestingStore("0");
    const running = run({ stream, cursors: scene.cursors, consumer: { name: "a", consume } });
    await scene.settled();
    expect(running.status().state).toBe("starting");
    opening.open();
    await running;
    expect(states).toEqual([
      { state: "handling", event: "1", position: "0" },
      { state: "handling", event: "2", position: "1" },
    ]);
    expect(running.status()).toEqual({ state: "stopped", since: expect.any(Date) as Date, position: "2" });
  });

  // Catches an error that a health check can't show, and a status that ends at the first retry.
  test("is retrying after an error, with that and the wait, until the next stream is open", async () => {
    scene.table.push("3");
    let failures = 1;
    const consume = ({ foreignId }: { foreignId: string }): void => {
      if (failures-- > 0) throw cause;
      scene.seen.add(foreignId);
    };
    scene.start({ consume }, { minBackoffMs: 600_000 });
    await scene.errors.first();
    const error = expect.objectContaining({ code: "consumer_failed", cause }) as Error;
    const { retryInMs, ...status } = scene.running.status();
    expect(status).toMatchObject({ state: "retrying", error });
    expect(retryInMs).toBe(scene.errors.all[0]?.retryInMs);
    scene.cursors.ask("reset", "2");
    await scene.seen.first();
    await scene.settled();
    const lastError = { error, at: expect.any(Date) as Date };
    expect(scene.running.status()).toMatchObject({ state: "waiting", position: "3", lastError });
    expect(scene.running.status().error).toBeUndefined();
  });

  // Catches an end that hides its error.
  test("is stopped with the error that the run rejects with", async () => {
    const running = run(
      { stream: scene.table.stream, cursors: scene.cursors, consumer },
      { signal: AbortSignal.abort(cause) },
    );
    await expect(running).rejects.toBe(cause);
    expect(running.status()).toMatchObject({ state: "stopped", error: cause });
  });

  // Catches a throw where a promise is expected, which `.catch()` would not see.
  test.each([
    ["run", () => run({} as Spec)],
    ["runForever", () => runForever({} as Spec)],
  ])("is stopped after wrong arguments of %s, which reject", async (_name, start) => {
    const running = start();
    await expect(running).rejects.toMatchObject({ code: "invalid_argument" });
    expect(running.status().state).toBe("stopped");
  });

  // Catches a time that is that of the last retry: since when nothing works is what people ask.
  test("keeps the time at which a state began while it goes on", async () => {
    const keeper = new StatusKeeper();
    keeper.enter("retrying", { error: cause, retryInMs: 1 });
    const { since } = keeper.status;
    keeper.enter("retrying", { error: cause });
    const lastError = { error: cause, at: expect.any(Date) as Date };
    expect(keeper.status).toEqual({ state: "retrying", since, error: cause, position: "", lastError });
    expect(keeper.status.since).toBe(since);
    keeper.enter("paused");
    expect(keeper.status.since).not.toBe(since);
  });
});
