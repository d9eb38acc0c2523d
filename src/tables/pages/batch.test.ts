import { describe, expect, test } from "vitest";
import { storedEvent } from "../../../test/support/events/stored-event.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import type { Position } from "../position/position.ts";
import { gaplessPage } from "./batch.ts";
import { pageOfEvents } from "./read-page.ts";

const event = (id: number, foreignId = "x"): ReflexEvent => storedEvent(id, { foreignId });
const at = (id: number, anchor: ReflexEvent | undefined = event(id)): Position => ({ id: BigInt(id), anchor });
const page = (...ids: number[]): ReturnType<typeof pageOfEvents> =>
  pageOfEvents(
    ids.map((id) => event(id)),
    { epoch: 3, asked: ids.length },
  );

describe("gaplessPage", () => {
  test("knows a full page behind its anchor, and leaves the anchor out", () => {
    const full = gaplessPage(at(5), page(5, 6, 7, 8), 3);
    expect(full?.events.map(({ id }) => id)).toEqual(["6", "7", "8"]);
    expect(full).toMatchObject({ full: true, epoch: 3, last: { id: "8" } });
    // Streams share it: it is made once.
    expect(full?.events).toBe(full?.events);
  });

  // Catches a page that seems to be empty when it was let go of.
  test("lets go of its events for good, unless several streams were given it", () => {
    const own = gaplessPage(at(5), page(5, 6, 7), 2);
    expect(own?.events).toHaveLength(2);
    own?.letGo?.();
    expect(() => own?.events).toThrow("taken already");
    const shared = gaplessPage(at(5), page(5, 6, 7), 2);
    shared?.share?.();
    expect(shared?.events).toHaveLength(2);
    shared?.letGo?.();
    expect(shared?.events).toHaveLength(2);
  });

  // Each is for others to judge: a gap, the head, another history, a start.
  test.each([
    { name: "a gap inside", position: at(5), read: page(5, 6, 8, 9) },
    { name: "a gap right after the position", position: at(5), read: page(5, 7, 8, 9) },
    { name: "fewer rows than asked for", position: at(5), read: page(5, 6, 7) },
    { name: "no rows", position: at(5), read: page() },
    { name: "no row at the position", position: at(5), read: page(6, 7, 8, 9) },
    { name: "another row at the position", position: at(5, event(5, "other")), read: page(5, 6, 7, 8) },
    { name: "a position without an anchor", position: { id: 5n, anchor: undefined }, read: page(5, 6, 7, 8) },
    { name: "the table's start", position: { id: 0n, anchor: undefined }, read: page(1, 2, 3, 4) },
  ])("says nothing of $name", ({ position, read }) => {
    expect(gaplessPage(position, read, 3)).toBeUndefined();
  });
});
