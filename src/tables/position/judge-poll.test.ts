import { describe, expect, test } from "vitest";
import { storedEvent } from "../../../test/support/events/stored-event.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { positionOf } from "../../reflex/event-position.ts";
import type { PositionFaultCode } from "../../reflex/position-fault-code.ts";
import { judgePoll, type PolledTable } from "./judge-poll.ts";

const events = (...ids: number[]): ReflexEvent[] => ids.map((id) => storedEvent(id));
const at = (id: number, anchor?: ReflexEvent): { id: bigint; anchor: ReflexEvent | undefined } => ({
  id: BigInt(id),
  anchor,
});
const suspected = (code: PositionFaultCode, firstId?: bigint): object => ({ kind: "suspected_fault", code, firstId });

const readEdges = (): Promise<never> => Promise.reject(new Error("no edges are needed here"));
const gapsCanClose: PolledTable = { gapsCanClose: true, readEdges };
const gapless: PolledTable = { gapsCanClose: false, readEdges };

describe("judgePoll", () => {
  test("gives what follows the anchor without a gap", async () => {
    expect(await judgePoll(at(4, storedEvent(4)), events(4, 5, 6, 8), gapsCanClose)).toEqual({
      kind: "rows",
      events: events(5, 6),
    });
  });

  test("takes an anchor that it has not seen before as it is", async () => {
    expect(await judgePoll(at(4), events(4, 5), gapsCanClose)).toEqual({ kind: "rows", events: events(5) });
  });

  // Catches a stored position that is not asked for, and one that still counts once the row itself is known.
  test("holds the row at the position against the stored one, as long as there is no anchor", async () => {
    const row = storedEvent(4);
    const expected = positionOf(row);
    const other = storedEvent(4, { foreignId: "x" });
    expect(await judgePoll({ ...at(4), expected }, events(4, 5), gapsCanClose)).toMatchObject({ kind: "rows" });
    expect(await judgePoll({ ...at(4), expected }, [other], gapsCanClose)).toEqual(suspected("history_rewritten"));
    expect(await judgePoll({ ...at(4, other), expected }, [other], gapsCanClose)).toEqual({ kind: "head" });
  });

  test("sees the head where nothing follows the anchor", async () => {
    expect(await judgePoll(at(4, storedEvent(4)), events(4), gapsCanClose)).toEqual({ kind: "head" });
    expect(await judgePoll(at(0), [], gapsCanClose)).toEqual({ kind: "head" });
  });

  // Catches the reference's exception for the first row: the event with id 1 may still commit.
  test("sees a gap behind the anchor and before the first row of the table", async () => {
    expect(await judgePoll(at(4, storedEvent(4)), events(4, 6), gapsCanClose)).toEqual({
      kind: "gap",
      gap: { prev: 4n, next: 6n },
      anchored: true,
      beyond: events(6),
    });
    expect(await judgePoll(at(0), events(2, 3), gapsCanClose)).toEqual({
      kind: "gap",
      gap: { prev: 0n, next: 2n },
      anchored: false,
      beyond: events(2, 3),
    });
  });

  test("sees no gap where ids are given in the order of commits", async () => {
    expect(await judgePoll(at(4, storedEvent(4)), events(4, 6, 9), gapless)).toEqual({
      kind: "rows",
      events: events(6, 9),
    });
  });

  test.each([
    { name: "another time", row: storedEvent(4, { micros: 5 }) },
    { name: "another foreign id", row: storedEvent(4, { foreignId: "x" }) },
  ])("suspects a fault at another row at the anchor's id: $name", async ({ row }) => {
    const rewritten = suspected("history_rewritten");
    expect(await judgePoll(at(4, storedEvent(4)), [row, storedEvent(5)], gapsCanClose)).toEqual(rewritten);
    expect(await judgePoll(at(4, storedEvent(4)), [row, storedEvent(5)], gapless)).toEqual(rewritten);
  });

  // Catches one that polls for ids above the cursor only, and so goes on over a lost history.
  test.each([
    { name: "nothing", rows: [] },
    { name: "the next row", rows: events(5) },
    { name: "a later row", rows: events(9) },
  ])("asks for the table's edges where the anchor is missing and it finds $name", async ({ rows }) => {
    const asked = new Error("asked");
    const table = { gapsCanClose: true, readEdges: () => Promise.reject(asked) };
    await expect(judgePoll(at(4, storedEvent(4)), rows, table)).rejects.toBe(asked);
    await expect(judgePoll(at(4), rows, table)).rejects.toBe(asked);
  });

  test("asks for no edges where a start rule put the stream without a row", async () => {
    expect(await judgePoll({ ...at(4), floor: true }, events(5), gapsCanClose)).toEqual({
      kind: "rows",
      events: events(5),
    });
    expect(await judgePoll({ ...at(4), floor: true }, events(9), gapsCanClose)).toMatchObject({ kind: "gap" });
  });
});

describe("judgePoll without the row at the position", () => {
  const empty = { lowest: undefined, highest: undefined };

  test.each([
    { name: "an empty table, counter beyond", rows: [], edges: { ...empty, nextId: 9n }, verdict: { kind: "head" } },
    {
      name: "an empty table, counter just beyond",
      rows: [],
      edges: { ...empty, nextId: 5n },
      verdict: { kind: "head" },
    },
    // Catches one that takes a truncated table for one whose rows were consumed and pruned: silent for ever.
    {
      name: "an empty table, counter at it",
      rows: [],
      edges: { ...empty, nextId: 4n },
      verdict: suspected("cursor_ahead"),
    },
    {
      name: "an empty table, counter at 1",
      rows: [],
      edges: { ...empty, nextId: 1n },
      verdict: suspected("cursor_ahead"),
    },
    {
      name: "an empty table, counter unknown",
      rows: [],
      edges: { ...empty, nextId: undefined },
      verdict: suspected("cursor_ahead"),
    },
    {
      name: "rows below only",
      rows: [],
      edges: { lowest: 1n, highest: 3n, nextId: 4n },
      verdict: suspected("cursor_ahead"),
    },
    {
      name: "rows below and above, the next there",
      rows: events(5, 6),
      edges: { lowest: 3n, highest: 6n, nextId: 7n },
      verdict: suspected("cursor_row_missing"),
    },
    {
      name: "rows below and above, the next missing too",
      rows: events(9),
      edges: { lowest: 1n, highest: 9n, nextId: 10n },
      verdict: suspected("cursor_row_missing"),
    },
    {
      name: "nothing below, the next there",
      rows: events(5, 6, 8),
      edges: { lowest: 5n, highest: 8n, nextId: 9n },
      verdict: { kind: "rows", events: events(5, 6) },
    },
    {
      name: "nothing below, the next missing",
      rows: events(6, 7),
      edges: { lowest: 6n, highest: 7n, nextId: 8n },
      verdict: suspected("history_pruned", 6n),
    },
  ])("judges as the table of states says: $name", async ({ rows, edges, verdict }) => {
    const table = { gapsCanClose: true, readEdges: () => Promise.resolve(edges) };
    expect(await judgePoll(at(4, storedEvent(4)), rows, table)).toEqual(verdict);
    expect(await judgePoll(at(4), rows, table)).toEqual(verdict);
  });
});
