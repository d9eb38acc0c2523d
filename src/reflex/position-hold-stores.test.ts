import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ForeverScene } from "../../test/support/runs/forever-scene.ts";
import { RequestingStore } from "../../test/support/runs/requesting-store.ts";
import { Reports } from "../../test/support/streams/gaps.ts";
import { Gate } from "../../test/support/waiting/gate.ts";
import { ReflexError } from "../errors/reflex-error.ts";
import type { Consumer } from "./consumer.ts";
import type { CursorStore } from "./cursor-store.ts";
import type { StreamFunc } from "./stream.ts";

let scene: ForeverScene;

beforeEach(() => {
  scene = new ForeverScene();
});
afterEach(() => scene.close());

describe("a position that is not known", () => {
  /** The first stream fails as one does whose cursor is ahead of the table; after that there are rows. */
  function failingOnce(stream: StreamFunc): StreamFunc {
    const fault = new ReflexError("cursor_ahead", "no row at cursor 2");
    let failures = 1;
    return (after, options) => {
      const opened = stream(after, options);
      const open = opened.start.bind(opened);
      opened.start = () => (failures-- > 0 ? Promise.reject(fault) : open());
      return opened;
    };
  }

  // Catches a hold that ends since there are rows again: which ones, nobody can tell.
  test("holds the consumer until a person acts, though a stream could be opened", async () => {
    scene.cursors = new RequestingStore("2");
    scene.table.push("3");
    scene.start({ stream: failingOnce(scene.table.stream) });
    expect((await scene.holds.first()).message).not.toContain("by itself");
    const reads = new Gate();
    let left = 5;
    const { getPosition } = scene.cursors;
    scene.cursors.getPosition = (consumer) => {
      if (--left === 0) reads.open();
      return getPosition(consumer);
    };
    await reads.opened;
    expect([scene.seen.all, scene.released]).toEqual([[], []]);
    scene.cursors.ask("reset", "2");
    expect(await scene.seen.first()).toBe("3");
  });
});

describe("a store without positions and requests", () => {
  function plain(): CursorStore {
    const { getCursor, setCursor, flush, [Symbol.asyncDispose]: dispose } = scene.cursors;
    return { getCursor, setCursor, flush, [Symbol.asyncDispose]: dispose };
  }

  /** Consumes 3, whose table is rewritten then, and fails at 4. */
  function startRewritten(): void {
    scene.table.push("old 3", "old 4");
    let failed = false;
    const consume: Consumer["consume"] = ({ foreignId }) => {
      if (foreignId === "old 4" && !failed) {
        failed = true;
        scene.table.rewrite("new 1", "new 2", "new 3", "new 4");
        throw new Error("no such order");
      }
      scene.seen.add(foreignId);
    };
    scene.start({ consume, cursors: plain() });
  }

  // Catches a hold that only stores with positions have.
  test("holds at the row that this process has consumed, until that is back", async () => {
    startRewritten();
    expect(await scene.holds.first()).toMatchObject({ cursor: "3", error: { code: "history_rewritten" } });
    await scene.looks(2);
    expect(scene.released).toEqual([]);
    scene.table.rewrite("old 1", "old 2", "old 3", "old 4");
    await scene.seen.first((foreignId) => foreignId === "old 4");
    expect(scene.seen.all).toEqual(["old 3", "old 4"]);
  });

  // Catches a process that holds against its own memory once a person has moved the cursor.
  test("goes on where a person has set the cursor", async () => {
    startRewritten();
    await scene.holds.first();
    await scene.looks(1);
    if (scene.cursors.row !== undefined) scene.cursors.row.cursor = "1";
    await scene.seen.first((foreignId) => foreignId === "new 4");
    expect(scene.seen.all).toEqual(["old 3", "new 2", "new 3", "new 4"]);
  });
});

describe("a hold without an observer for holds", () => {
  beforeEach(() => scene.table.rewrite("new 1", "new 2", "new 3"));

  // Catches a hold that goes untold by those who watch scene.errors.
  test("is told as an error where errors are observed", async () => {
    scene.start({}, { observer: { error: scene.errors.add } });
    expect(await scene.errors.first()).toMatchObject({
      activity: "hold",
      name: "a",
      error: { code: "history_rewritten" },
    });
  });

  // Catches a hold that goes untold, and one that is told but never that it is over.
  test("is a warning else, as is its end", async () => {
    const warnings = new Reports<string>();
    scene.start({}, { observer: {}, logger: { warn: warnings.add } });
    expect(await warnings.first()).toMatch(/^consumer a is held at cursor 2/u);
    scene.cursors.ask("reset", "0");
    await scene.seen.first();
    expect(warnings.all.at(-1)).toMatch(/^consumer a goes on after cursor 0, .*: its cursor was reset$/u);
  });
});
