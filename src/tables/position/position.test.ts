import { describe, expect, test } from "vitest";
import type { ReflexEvent } from "../../reflex/event.ts";
import { toEvent } from "../events/event-row.ts";
import { isSameRow, judge, judgeWithoutAnchor, type PositionFaultCode, positionFault } from "./position.ts";

function event(id: number, other: { micros?: number; type?: number; foreignId?: string } = {}): ReflexEvent {
  const { micros = 1000 + id, type = 1, foreignId = `f${id}` } = other;
  return toEvent({ id_value: String(id), micros, type_number: type, foreign_id_value: foreignId });
}

const events = (...ids: number[]): ReflexEvent[] => ids.map((id) => event(id));
const at = (id: number, anchor?: ReflexEvent): { id: bigint; anchor: ReflexEvent | undefined } => ({
  id: BigInt(id),
  anchor,
});

describe("isSameRow", () => {
  // Catches one that compares ids only, or leaves out what tells two events of one id apart.
  test.each([
    { name: "the same", other: event(4), same: true },
    { name: "another id", other: event(5, { micros: 1004, foreignId: "f4" }), same: false },
    { name: "another time", other: event(4, { micros: 1005 }), same: false },
    { name: "another type", other: event(4, { type: 2 }), same: false },
    { name: "another foreign id", other: event(4, { foreignId: "f5" }), same: false },
  ])("tells rows by id, time, type and foreign id: $name", ({ other, same }) => {
    expect(isSameRow(event(4), other)).toBe(same);
  });
});

describe("judge", () => {
  test("gives what follows the anchor without a gap", () => {
    expect(judge(at(4, event(4)), events(4, 5, 6, 8), true)).toEqual({ kind: "rows", events: events(5, 6) });
  });

  test("takes an anchor that it has not seen before as it is", () => {
    expect(judge(at(4), events(4, 5), true)).toEqual({ kind: "rows", events: events(5) });
  });

  test("sees the head where nothing follows the anchor", () => {
    expect(judge(at(4, event(4)), events(4), true)).toEqual({ kind: "head" });
    expect(judge(at(0), [], true)).toEqual({ kind: "head" });
  });

  // Catches the reference's exception for the first row: the event with id 1 may still commit.
  test("sees a gap behind the anchor and before the first row of the table", () => {
    expect(judge(at(4, event(4)), events(4, 6), true)).toEqual({
      kind: "gap",
      gap: { prev: 4n, next: 6n },
      anchored: true,
      beyond: events(6),
    });
    expect(judge(at(0), events(2, 3), true)).toEqual({
      kind: "gap",
      gap: { prev: 0n, next: 2n },
      anchored: false,
      beyond: events(2, 3),
    });
  });

  test("sees no gap where ids are given in the order of commits", () => {
    expect(judge(at(4, event(4)), events(4, 6, 9), false)).toEqual({ kind: "rows", events: events(6, 9) });
  });

  test.each([
    { name: "another time", row: event(4, { micros: 5 }) },
    { name: "another foreign id", row: event(4, { foreignId: "x" }) },
  ])("doubts another row at the anchor's id: $name", ({ row }) => {
    const suspected = { kind: "suspected_fault", code: "history_rewritten", firstId: undefined };
    expect(judge(at(4, event(4)), [row, event(5)], true)).toEqual(suspected);
    expect(judge(at(4, event(4)), [row, event(5)], false)).toEqual(suspected);
  });

  // Catches one that polls for ids above the cursor only, and so goes on over a lost history.
  test.each([
    { name: "nothing", rows: [] },
    { name: "the next row", rows: events(5) },
    { name: "a later row", rows: events(9) },
  ])("asks for the table's edges where the anchor is missing and it finds $name", ({ rows }) => {
    expect(judge(at(4, event(4)), rows, true)).toEqual({ kind: "no_anchor" });
    expect(judge(at(4), rows, true)).toEqual({ kind: "no_anchor" });
  });
});

describe("judgeWithoutAnchor", () => {
  const suspected = (code: PositionFaultCode, firstId?: bigint): object => ({ kind: "suspected_fault", code, firstId });
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
  ])("judges as the table of states says: $name", ({ rows, edges, verdict }) => {
    expect(judgeWithoutAnchor(at(4, event(4)), rows, edges)).toEqual(verdict);
    expect(judgeWithoutAnchor(at(4), rows, edges)).toEqual(verdict);
  });
});

describe("positionFault", () => {
  // Catches an error that leaves the one woken at night without table, cursor or remedy.
  test.each([
    { code: "history_rewritten", says: "another event" },
    { code: "cursor_ahead", says: "beyond all rows" },
    { code: "cursor_row_missing", says: "missing between others" },
    { code: "history_pruned", says: 'onPruned: "skip"' },
  ] as const)("of $code names table and cursor, and says what to do", ({ code, says }) => {
    const error = positionFault(code, { table: "orders", position: at(4), firstId: 9n });
    expect(error).toMatchObject({ code, details: { table: "orders", cursor: "4", firstId: "9" } });
    expect(error.message).toContain("orders");
    expect(error.message).toContain(says);
    expect(error.message).toContain("4");
  });

  test("has no first id in its details where there is none", () => {
    const error = positionFault("cursor_ahead", { table: "orders", position: at(4), firstId: undefined });
    expect(error.details).toEqual({ table: "orders", cursor: "4" });
    expect(error.message).not.toContain("undefined");
  });
});
