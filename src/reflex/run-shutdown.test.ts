import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RunScene, slowAtTwo } from "../../test/support/runs/run-scene.ts";
import { Gate } from "../../test/support/waiting/gate.ts";
import type { CursorStore } from "./cursor-store.ts";

const reason = new Error("the pod is to stop");
let scene: RunScene;

beforeEach(async () => {
  scene = await RunScene.open();
});
afterEach(() => scene.close());

describe("an abort while the consumer is at work", () => {
  test("leaves a consumer behind that does not end within shutdownMs, and reports it", async () => {
    const { consumer, begun, work } = slowAtTwo();
    const running = scene.start({ consumer }, { shutdownMs: 5 });
    await begun;
    scene.controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(scene.writtenCursor()).toBe("1");
    expect(scene.reports).toMatchObject([{ activity: "shutdown", name: "a", error: { code: "time_limit" } }]);
    // An unhandled rejection would fail the test run.
    work.fail(new Error("too late"));
    await new Promise(setImmediate);
  });

  test("leaves a reset behind that does not end within shutdownMs", async () => {
    const begun = new Gate();
    const reset = (): Promise<void> => {
      begun.open();
      return new Gate().opened;
    };
    const running = scene.start({ consumer: { name: "a", consume: () => undefined, reset } }, { shutdownMs: 5 });
    await begun.opened;
    scene.controller.abort(reason);
    await expect(running).rejects.toBe(reason);
  });

  test("leaves a stop behind that does not end within shutdownMs", async () => {
    const { consumer, begun, work } = slowAtTwo();
    const running = scene.start({ consumer: { ...consumer, stop: () => new Gate().opened } }, { shutdownMs: 5 });
    await begun;
    scene.controller.abort(reason);
    work.open();
    await expect(running).rejects.toBe(reason);
    expect(scene.reports).toMatchObject([{ activity: "stop", error: { code: "time_limit" } }]);
  });
});

describe("an abort while a cursor is set", () => {
  test("lets it be set and written", async () => {
    const begun = new Gate();
    const goOn = new Gate();
    const setCursor: CursorStore["setCursor"] = async (name, cursor, options) => {
      if (cursor === "2") {
        begun.open();
        await goOn.opened;
      }
      return scene.store.setCursor(name, cursor, options);
    };
    const running = scene.start({
      consumer: { name: "a", consume: () => undefined },
      cursors: { ...scene.store, setCursor },
    });
    await begun.opened;
    scene.controller.abort(reason);
    goOn.open();
    await expect(running).rejects.toBe(reason);
    expect(scene.writtenCursor()).toBe("2");
  });

  test("leaves it behind when it is not set within shutdownMs", async () => {
    const begun = new Gate();
    const setCursor: CursorStore["setCursor"] = (name, cursor, options) => {
      if (cursor !== "2") return scene.store.setCursor(name, cursor, options);
      begun.open();
      return new Gate().opened;
    };
    const consumer = { name: "a", consume: () => undefined };
    const running = scene.start({ consumer, cursors: { ...scene.store, setCursor } }, { shutdownMs: 5 });
    await begun.opened;
    scene.controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(scene.writtenCursor()).toBe("1");
  });

  test("a store that takes for ever after the abort is given flushMs", async () => {
    const { consumer, begun, work } = slowAtTwo();
    const setCursor: CursorStore["setCursor"] = (name, cursor, options) =>
      cursor === "2" ? new Gate().opened : scene.store.setCursor(name, cursor, options);
    const running = scene.start({ consumer, cursors: { ...scene.store, setCursor } }, { flushMs: 5 });
    await begun;
    scene.controller.abort(reason);
    work.open();
    await expect(running).rejects.toBe(reason);
    expect(scene.reports).toMatchObject([{ activity: "run", error: { code: "time_limit" } }]);
  });
});
