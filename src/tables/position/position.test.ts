import { describe, expect, test } from "vitest";
import type { ReflexEvent } from "../../reflex/event.ts";
import { toEvent } from "../events/event-row.ts";
import { isSameRow } from "./position.ts";

function event(id: number, other: { micros?: number; type?: number; foreignId?: string } = {}): ReflexEvent {
  const { micros = 1000 + id, type = 1, foreignId = `f${id}` } = other;
  return toEvent({ id_value: String(id), micros, type_number: type, foreign_id_value: foreignId });
}

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
