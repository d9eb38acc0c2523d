import { describe, expect, test } from "vitest";
import { RequestingStore } from "../../test/support/runs/requesting-store.ts";
import { RewritableTable } from "../../test/support/runs/rewritable-table.ts";
import type { Consumer } from "./consumer.ts";
import type { CursorStore } from "./cursor-store.ts";
import { positionOf } from "./event-position.ts";
import { run } from "./run.ts";
import { runForever } from "./run-forever.ts";

const crash = new Error("the process was killed");
const toHead = { toHead: true } as const;

function consuming(seen: string[], failAt?: string): Consumer {
  return {
    name: "a",
    consume: ({ id, foreignId }) => {
      if (id === failAt) throw crash;
      seen.push(foreignId);
    },
  };
}

/** The same store without what not every store has. */
function plain({ getCursor, setCursor, flush, [Symbol.asyncDispose]: dispose }: RequestingStore): CursorStore {
  return { getCursor, setCursor, flush, [Symbol.asyncDispose]: dispose };
}

describe("a run that starts at a cursor", () => {
  // Catches a start that takes whatever row stands at the cursor: what is new below it would never be delivered.
  test("rejects with the position fault of another row, and says how to accept the table as it is", async () => {
    const table = new RewritableTable("old 1", "old 2");
    const cursors = new RequestingStore();
    await run({ stream: table.stream, cursors, consumer: consuming([]), options: toHead });
    table.rewrite("new 1", "new 2", "new 3");
    const seen: string[] = [];
    await expect(run({ stream: table.stream, cursors, consumer: consuming(seen) })).rejects.toMatchObject({
      code: "history_rewritten",
      details: { cursor: "2" },
      message: expect.stringMatching(/.; to accept the table as it is: accept 2 of a$/u) as string,
    });
    expect(seen).toEqual([]);
  });

  // Catches an error that is wrapped though there is nothing to add.
  test("rejects with the fault as it came where the store knows no remedy", async () => {
    const table = new RewritableTable("old");
    const cursors = new RequestingStore("1", positionOf(table.event("1")));
    table.rewrite("new");
    const { getPosition } = cursors;
    const store = { ...plain(cursors), getPosition };
    const failure = run({ stream: table.stream, cursors: store, consumer: consuming([]) });
    await expect(failure).rejects.toMatchObject({ code: "history_rewritten" });
    await expect(failure).rejects.not.toHaveProperty("cause");
  });

  // Catches a position that is trusted though it was stored with another cursor: Go and people move the cursor alone.
  test.each([
    ["of another cursor", "1"],
    ["that is unknown", undefined],
    ["that is no position", "x"],
  ])("goes on with a position %s as without one", async (_what, of) => {
    const table = new RewritableTable("1", "2", "3");
    const position = of === "1" ? positionOf(table.event("1")) : of;
    const seen: string[] = [];
    const cursors = new RequestingStore("2", position);
    await run({ stream: table.stream, cursors, consumer: consuming(seen), options: toHead });
    expect(seen).toEqual(["3"]);
    expect(table.opened).toMatchObject([{ after: "2", position: undefined }]);
  });

  // Catches a position that is read before the cursor: a rival that moves both in between would look like a fault.
  test("reads the position after the cursor", async () => {
    const table = new RewritableTable("1", "2");
    const cursors = new RequestingStore("1", positionOf(table.event("1")));
    const { getCursor } = cursors;
    cursors.getCursor = async (consumer) => {
      const cursor = await getCursor(consumer);
      cursors.row = {
        cursor: "2",
        position: positionOf(table.event("2")),
        control: { state: "active", request: undefined },
      };
      return cursor;
    };
    await run({ stream: table.stream, cursors, consumer: consuming([]), options: toHead });
    expect(table.opened).toMatchObject([{ after: "1", position: undefined }]);
  });
});

describe("a consumer without a cursor", () => {
  // Catches a start from the head whose row is not kept: it could be another one by the next start.
  test("keeps the position of the row after which it starts", async () => {
    const table = new RewritableTable("1", "2");
    const cursors = new RequestingStore();
    await run({ stream: table.stream, cursors, consumer: consuming([]), options: { ...toHead, fromHead: true } });
    expect(cursors.row).toMatchObject({ cursor: "2", position: positionOf(table.event("2")) });
  });

  // Catches an anchor that is taken for the start's own though it is another row.
  test("keeps none when the stream starts after no row, or after another than its anchor", async () => {
    const table = new RewritableTable("1", "2");
    const [cursors, moved] = [new RequestingStore(), new RequestingStore()];
    const stop = new AbortController();
    await run({ stream: table.stream, cursors, consumer: consuming([], "1") }).catch(() => undefined);
    expect(cursors.row).toMatchObject({ cursor: "0", position: undefined });
    const stream: typeof table.stream = (after, options) =>
      Object.defineProperty(table.stream(after, options), "anchor", { value: table.event("1") });
    const consumer: Consumer = { name: "a", reset: async () => undefined, consume: () => stop.abort(crash) };
    const options = { ...toHead, fromHead: true };
    await run({ stream, cursors: moved, consumer, options }, { signal: stop.signal });
    expect(moved.row).toMatchObject({ cursor: "2", position: undefined });
  });
});

describe("the next attempt of a run that goes on for ever", () => {
  const reported: unknown[] = [];
  const observer = { error: (report: { error: unknown }) => void reported.push(report.error) };
  const options = { minBackoffMs: 0, maxBackoffMs: 0, observer, onPositionFault: "end" } as const;

  /** Consumes event 1, fails at 2, then at no other. */
  function failingOnce(onFailure: () => void): { consumer: Consumer; seen: string[] } {
    const seen: string[] = [];
    let failed = false;
    const consume: Consumer["consume"] = ({ id, foreignId }) => {
      if (id === "2" && !failed) {
        failed = true;
        onFailure();
        throw crash;
      }
      seen.push(foreignId);
    };
    return { consumer: { name: "a", consume }, seen };
  }

  // Catches stores without positions with which a table that is rewritten between two attempts goes unnoticed.
  test("knows the row that this process has consumed, where the store knows no positions", async () => {
    const table = new RewritableTable("old 1", "old 2");
    const { consumer, seen } = failingOnce(() => table.rewrite("new 1", "new 2"));
    const cursors = plain(new RequestingStore());
    await expect(runForever({ stream: table.stream, cursors, consumer }, options)).rejects.toMatchObject({
      code: "history_rewritten",
    });
    expect(seen).toEqual(["old 1"]);
  });

  // Catches a row that is remembered though the cursor is no longer there.
  test("knows it no more when the cursor was moved elsewhere", async () => {
    const table = new RewritableTable("1", "2", "3");
    const cursors = new RequestingStore();
    const { consumer, seen } = failingOnce(() => {
      if (cursors.row !== undefined) cursors.row.cursor = "2";
    });
    await runForever({ stream: table.stream, cursors: plain(cursors), consumer, options: toHead }, options);
    expect(seen).toEqual(["1", "3"]);
    expect(table.opened.map(({ after, position }) => [after, position])).toEqual([
      ["", undefined],
      ["2", undefined],
    ]);
  });

  // Catches a process that holds against a table which a person has accepted by removing the position.
  test("does not know it better than a store that told positions and has none any more", async () => {
    const table = new RewritableTable("old 1", "old 2", "old 3");
    const cursors = new RequestingStore("1", positionOf(table.event("1")));
    const { consumer, seen } = failingOnce(() => {
      table.rewrite("new 1", "new 2", "new 3");
      if (cursors.row !== undefined) cursors.row.position = undefined;
    });
    await runForever({ stream: table.stream, cursors, consumer, options: toHead }, options);
    expect(seen).toEqual(["new 2", "new 3"]);
  });
});
