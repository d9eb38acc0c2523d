import { expect, test } from "vitest";
import { foreignIdInt } from "../../reflex/event.ts";
import { makeTestEvent } from "./make-test-event.ts";

// Catches defaults that differ between calls, with which a test could not compare events.
test("an event for a test has all parts, the same each time", () => {
  const event = makeTestEvent();
  expect(event).toEqual(makeTestEvent());
  expect(event).toMatchObject({ id: "1", type: 1, foreignId: "1", metadata: undefined, trace: undefined });
  expect(event.timestamp).toEqual(new Date("2024-01-01T00:00:00Z"));
  expect(foreignIdInt(event)).toBe(1n);
});

// Catches parts that a default overrides, and the default time beside a given one, which makeEvent refuses.
test("the parts that are given win over the defaults", () => {
  const event = makeTestEvent({ id: 7n, type: 3, foreignId: "o-1", timestampMicros: 1_234_567, metadata: "ü" });
  expect(event).toMatchObject({ id: "7", type: 3, foreignId: "o-1", timestampMicros: 1_234_567 });
  expect(event.metadata).toEqual(Buffer.from("ü"));
  expect(makeTestEvent({ timestamp: new Date(5) }).timestampMicros).toBe(5000);
  expect(() => makeTestEvent({ timestamp: new Date(5), timestampMicros: 5000 })).toThrow("not both");
});

// Catches an event that a consumer can change for those after it, unseen by its tests.
test("an event for a test can't be changed", () => {
  const event = makeTestEvent();
  expect(() => Object.assign(event, { foreignId: "2" })).toThrow(TypeError);
});
