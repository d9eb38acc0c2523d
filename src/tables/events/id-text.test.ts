import { array, assert, nat, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { idText } from "./id-text.ts";

describe("idText", () => {
  test.each([
    0,
    7,
    999,
    1000,
    1001,
    1009,
    10_000,
    999_999,
    1_000_000,
    1_000_100,
    Number.MAX_SAFE_INTEGER,
    -1500,
    1500.5,
    2 ** 60,
    "12345678901234567890",
    12_345_678_901_234_567_890n,
  ])("is what String() makes of %s", (id) => {
    expect(idText(id)).toBe(String(id));
  });

  test("is right in any order", () => {
    assert(
      property(array(nat({ max: 5_000_000_000 })), (ids) => {
        expect(ids.map(idText)).toEqual(ids.map(String));
      }),
    );
  });
});
