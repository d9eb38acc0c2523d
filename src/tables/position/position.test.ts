import { describe, expect, test } from "vitest";
import { storedEvent } from "../../../test/support/events/stored-event.ts";
import { isSameRow } from "./position.ts";

describe("isSameRow", () => {
  // Catches one that compares ids only, or leaves out what tells two events of one id apart.
  test.each([
    { name: "the same", other: storedEvent(4), same: true },
    { name: "another id", other: storedEvent(5, { micros: 1004, foreignId: "f4" }), same: false },
    { name: "another time", other: storedEvent(4, { micros: 1005 }), same: false },
    { name: "another type", other: storedEvent(4, { type: 2 }), same: false },
    { name: "another foreign id", other: storedEvent(4, { foreignId: "f5" }), same: false },
  ])("tells rows by id, time, type and foreign id: $name", ({ other, same }) => {
    expect(isSameRow(storedEvent(4), other)).toBe(same);
  });
});
