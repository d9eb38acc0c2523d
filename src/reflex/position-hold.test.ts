import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ForeverScene, isReleased } from "../../test/support/runs/forever-scene.ts";
import { positionOf } from "./event-position.ts";

let scene: ForeverScene;

beforeEach(() => {
  scene = new ForeverScene();
});
afterEach(() => scene.close());

describe("a table that no longer fits the position", () => {
  beforeEach(() => scene.table.rewrite("new 1", "new 2", "new 3"));

  // Catches a run that starts again from the cursor as after any error: what is new below it would never be delivered.
  test("holds the consumer: told at once, with what to do, and nothing is delivered", async () => {
    scene.start();
    const report = await scene.holds.first();
    expect(report).toMatchObject({ consumer: "a", state: "held", reason: "position_fault", cursor: "2" });
    expect(report.error).toMatchObject({ code: "history_rewritten", details: { cursor: "2" } });
    expect(report.message).toMatch(
      /consumer a is held at cursor 2.*to accept the table as it is: accept 2 of a.*by itself/u,
    );
    expect(scene.running.status()).toMatchObject({ state: "hold", error: report.error });
    await scene.looks(3);
    expect([scene.seen.all, scene.errors.all, scene.holds.all.length]).toEqual([[], [], 1]);
  });

  // Catches a hold that ends since some row is at the cursor, whichever it is.
  test("holds it for as long as another row is at its cursor, however often that changes", async () => {
    scene.start();
    await scene.holds.first();
    await scene.looks(3);
    scene.table.rewrite("newer 1", "newer 2");
    await scene.looks(3);
    scene.table.rewrite("newest 1");
    await scene.looks(3);
    expect(scene.released).toEqual([]);
    expect(scene.seen.all).toEqual([]);
  });

  // Catches a hold that needs a person though nothing is wrong any more: the table was restored, a replica has caught up.
  test("lets it go on by itself when the row at its cursor is again the one that it has passed", async () => {
    scene.start();
    await scene.holds.first();
    scene.table.rewrite("old 1", "old 2", "old 3");
    expect(await scene.holds.first(isReleased)).toMatchObject({ cursor: "2", reason: "position_fault" });
    expect(await scene.seen.first()).toBe("old 3");
    await scene.settled();
    expect(scene.running.status()).toMatchObject({ state: "waiting", position: expect.any(String) as string });
  });

  // Catches a remedy that the error names and that does nothing.
  test.each<[string, () => void, string]>([
    ["has removed its position", () => Object.assign(scene.cursors.row ?? {}, { position: undefined }), "new 3"],
    ["has set its cursor back", () => Object.assign(scene.cursors.row ?? {}, { cursor: "0" }), "new 1"],
    ["has set its cursor and position", () => Object.assign(scene.cursors.row ?? {}, place("1")), "new 2"],
    ["has asked for a reset", () => scene.cursors.ask("reset", "0"), "new 1"],
    ["has asked for a reset to the same id", () => scene.cursors.ask("reset", "2"), "new 3"],
  ])("lets it go on when a person %s", async (_what, act, next) => {
    scene.start();
    await scene.holds.first();
    await scene.looks(1);
    act();
    await scene.holds.first(isReleased);
    expect(await scene.seen.first()).toBe(next);
    expect(scene.errors.all).toEqual([]);
  });

  function place(id: string): object {
    return { cursor: id, position: positionOf(scene.table.event(id)) };
  }

  // Catches a person's act that is not seen as a change, since it came before the hold had looked for the first time.
  test("lets it go on when a person acted while the run that failed was ending", async () => {
    const stop = async (): Promise<void> => {
      if (scene.cursors.row !== undefined) scene.cursors.row.position = undefined;
    };
    scene.start({ stop });
    await scene.holds.first(isReleased);
    expect(await scene.seen.first()).toBe("new 3");
  });
});
