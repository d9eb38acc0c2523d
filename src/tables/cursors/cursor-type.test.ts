import { describe, expect, test } from "vitest";
import { castCursor, isBeyond, isPlainlyBeyond, isSamePlace } from "./cursor-type.ts";

describe("int cursors", () => {
  test.each([
    ["10", "9"],
    ["10", "009"],
    ["9007199254740993", "9007199254740992"],
    ["9223372036854775807", "9223372036854775806"],
    ["1", ""],
  ])("%s is beyond %s as a number, and not the other way round", (higher, lower) => {
    expect(isBeyond("int", higher, lower)).toBe(true);
    expect(isBeyond("int", lower, higher)).toBe(false);
    expect(isSamePlace("int", higher, lower)).toBe(false);
  });

  test("leading zeros make no other place", () => {
    expect(isSamePlace("int", "007", "7")).toBe(true);
    expect(isBeyond("int", "007", "7")).toBe(false);
    expect(castCursor("int", "007")).toBe(7n);
  });

  test.each(["abc", "-1", "1.5", " 1", "1e3", "0x10", "9223372036854775808", "٣"])("%s is invalid", (cursor) => {
    expect(() => castCursor("int", cursor)).toThrow(expect.objectContaining({ code: "invalid_cursor" }));
  });
});

describe("string cursors", () => {
  test.each([
    ["a", "Z", "lower case comes after upper case"],
    ["ä", "z", "letters beyond ASCII come after it"],
    ["ab", "a", "a longer one comes after its beginning"],
    ["9", "10", "digits are characters"],
    // As UTF-16 the emoji begins with D83D, which is lower than FF5E; as bytes it begins with F0 and not EF.
    ["😀", "～", "characters beyond the basic plane come last"],
  ])("%s is beyond %s: %s", (higher, lower) => {
    expect(isBeyond("string", higher, lower)).toBe(true);
    expect(isBeyond("string", lower, higher)).toBe(false);
    expect(isBeyond("string", higher, higher)).toBe(false);
    expect(isSamePlace("string", higher, lower)).toBe(false);
  });

  test("half a character is invalid, since the database would store another", () => {
    expect(() => castCursor("string", "a\ud83d")).toThrow(expect.objectContaining({ code: "invalid_cursor" }));
    expect(castCursor("string", "a😀")).toBe("a😀");
  });
});

test.each(["int", "string"] as const)("a number instead of a string is invalid for %s cursors", (type) => {
  expect(() => castCursor(type, 7 as unknown as string)).toThrow(expect.objectContaining({ code: "invalid_cursor" }));
});

// Catches a comparison of texts that takes a cursor for one beyond another that it is not: events would be passed by.
test("a cursor that is plainly beyond another is beyond it, and of plain ones each that is", () => {
  const digits = ["1", "2", "9", "10", "99", "100", "007", "0", "", "010", "9223372036854775807", "1e3", "-1", " 5"];
  for (const a of digits) {
    for (const b of ["0", "1", "9", "10", "99", "007", "0100"]) {
      if (isPlainlyBeyond(a, b)) expect(BigInt(a)).toBeGreaterThan(BigInt(b));
    }
  }
  expect(isPlainlyBeyond("10", "9")).toBe(true);
  expect(isPlainlyBeyond("9", "10")).toBe(false);
  expect(isPlainlyBeyond("9", "9")).toBe(false);
  expect(isPlainlyBeyond("1e3", "9")).toBe(false);
});
