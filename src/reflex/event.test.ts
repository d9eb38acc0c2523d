import { expect, test } from "vitest";
import { foreignIdInt, type ReflexEvent } from "./event.ts";

function anEvent(fields: Partial<ReflexEvent>): ReflexEvent {
  const timestamp = new Date(0);
  const rest = { metadata: undefined, trace: undefined };
  return { id: "1", type: 1, foreignId: "1", timestampMicros: 0, timestamp, ...rest, ...fields };
}

test.each(["0", "42", "-7", "9223372036854775807", "-9223372036854775808"])("reads the foreign id %s exactly", (id) => {
  expect(foreignIdInt(anEvent({ foreignId: id }))).toBe(BigInt(id));
});

test.each(["", " ", "0x10", " 5", "5.0", "order-1", "1e3"])("refuses %o as an integer foreign id", (foreignId) => {
  const event = anEvent({ id: "17", foreignId });
  const expected = { code: "invalid_int_id", details: { eventId: "17" } };
  expect(() => foreignIdInt(event)).toThrow(expect.objectContaining(expected));
  // A foreign id is data of the user's.
  expect(() => foreignIdInt(event)).toThrow(`found a string of ${foreignId.length} character`);
});
