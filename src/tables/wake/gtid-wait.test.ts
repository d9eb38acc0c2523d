import { describe, expect, test } from "vitest";
import { lastTransaction } from "./gtid-wait.ts";

const OWN = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
const OTHER = "9e8962b7-e903-11f1-adb3-02fc00000001";

describe("lastTransaction", () => {
  test.each([
    { set: "", last: 0n },
    { set: `${OWN}:1`, last: 1n },
    { set: `${OWN}:1-77`, last: 77n },
    // Gaps: of transactions that commit in another order than they were numbered in, or of a set that was given by hand.
    { set: `${OWN}:1-4:6:9-12`, last: 12n },
    { set: `${OTHER}:1-99`, last: 0n },
    // The server breaks its text into lines.
    { set: `${OTHER}:1-99,\n${OWN}:1-5,\nffffffff-0000-0000-0000-000000000000:1-3`, last: 5n },
    { set: `${OTHER}:1-99, ${OWN.toUpperCase()}:2-8`, last: 8n },
    { set: `${OWN}:1-9223372036854775805`, last: 9223372036854775805n },
    { set: `${OWN}:1-5:nightly:1-900`, last: 5n },
    { set: `${OWN}:nightly:1-900`, last: 0n },
    { set: `${OTHER}:nightly:7,\n${OWN}:1-6:a_1:3:5-9:b:1`, last: 6n },
  ])("of $set is $last", ({ set, last }) => {
    expect(lastTransaction(set, OWN)).toBe(last);
  });

  // Catches one that looks for the text of the uuid anywhere.
  test("does not take another server's uuid for this one's beginning", () => {
    expect(lastTransaction(`${OWN}0:1-4`, OWN)).toBe(0n);
  });
});
