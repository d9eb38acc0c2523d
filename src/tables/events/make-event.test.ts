import { describe, expect, test } from "vitest";
import { foreignIdInt } from "../../reflex/event.ts";
import { makeEvent } from "./make-event.ts";

const parts = { id: "1", type: 1, foreignId: "f", timestampMicros: 1_500 };

describe("makeEvent", () => {
  // Catches an id that goes through a number, and text that is left as text.
  test("keeps every part exactly, however a driver gives it", () => {
    const event = makeEvent({
      id: 9223372036854775807n,
      type: -3,
      foreignId: 9007199254740993n,
      timestampMicros: 1_700_000_000_123_456,
      metadata: "ü",
      trace: Uint8Array.of(0, 255),
    });
    expect(event).toMatchObject({ id: "9223372036854775807", type: -3, timestampMicros: 1_700_000_000_123_456 });
    expect(event.timestamp).toEqual(new Date(1_700_000_000_123));
    expect(event.metadata).toEqual(Buffer.from("ü"));
    expect(event.trace).toEqual(Uint8Array.of(0, 255));
    expect(foreignIdInt(event)).toBe(9007199254740993n);
  });

  // Catches a null that reaches consumers, who are promised bytes or undefined.
  test("takes a Date in place of microseconds, and null for no bytes", () => {
    const timestamp = new Date("2024-02-29T12:00:00.250Z");
    const event = makeEvent({ id: 7, type: 1, foreignId: 42, timestamp, metadata: null, trace: null });
    expect(event).toMatchObject({ id: "7", foreignId: "42", timestampMicros: timestamp.getTime() * 1000 });
    expect(event.timestamp).toEqual(timestamp);
    expect([event.metadata, event.trace]).toEqual([undefined, undefined]);
  });

  // Catches any part that is passed through unchecked.
  test.each<[string, object]>([
    ["id", { id: "x" }],
    ["id", { id: "0" }],
    ["id", { id: 2 ** 53 }],
    ["id", { id: "9223372036854775808" }],
    ["type", { type: "1" }],
    ["type", { type: 1.5 }],
    ["foreignId", { foreignId: undefined }],
    ["foreignId", { foreignId: 0.5 }],
    ["timestampMicros", { timestampMicros: Number.NaN }],
    ["timestampMicros", { timestampMicros: 1.5 }],
    ["timestamp", { timestampMicros: undefined }],
    ["timestamp", { timestampMicros: undefined, timestamp: new Date("no date") }],
    ["timestampMicros or timestamp", { timestamp: new Date() }],
    ["metadata", { metadata: { a: 1 } }],
    ["trace", { trace: "text" }],
  ])("refuses a wrong %s: %j", (part, wrong) => {
    const make = (): unknown => makeEvent({ ...parts, ...wrong });
    expect(make).toThrow(part);
    expect(make).toThrow(expect.objectContaining({ code: "invalid_argument" }) as Error);
  });
});
