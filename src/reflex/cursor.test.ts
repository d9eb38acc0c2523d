import { expect, test } from "vitest";
import { parseIntCursor } from "./cursor.ts";

test.each([
  ["", 0n],
  ["0", 0n],
  ["42", 42n],
  ["007", 7n],
  ["9007199254740993", 9007199254740993n],
  ["9223372036854775807", 9223372036854775807n],
])("reads the cursor %o as %o", (cursor, value) => {
  expect(parseIntCursor(cursor)).toBe(value);
});

test.each([
  "-1",
  "1.5",
  " 1",
  "1 ",
  "0x1",
  "9223372036854775808",
  "99999999999999999999",
  "abc",
  5,
  5n,
  null,
  undefined,
])("refuses the cursor %o", (cursor) => {
  expect(() => parseIntCursor(cursor)).toThrow(expect.objectContaining({ code: "invalid_cursor" }));
});
