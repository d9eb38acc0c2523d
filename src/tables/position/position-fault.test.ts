import { describe, expect, test } from "vitest";
import { positionFault } from "./position-fault.ts";

const position = { id: 4n, anchor: undefined };

describe("positionFault", () => {
  // Catches an error that leaves the one woken at night without table, cursor or remedy.
  test.each([
    { code: "history_rewritten", says: "another event" },
    { code: "cursor_ahead", says: "beyond all rows" },
    { code: "cursor_row_missing", says: "missing between others" },
    { code: "history_pruned", says: 'onPruned: "skip"' },
  ] as const)("of $code names table and cursor, and says what to do", ({ code, says }) => {
    const error = positionFault(code, { table: "orders", position, firstId: 9n });
    expect(error).toMatchObject({ code, details: { table: "orders", cursor: "4", firstId: "9" } });
    expect(error.message).toContain("orders");
    expect(error.message).toContain(says);
    expect(error.message).toContain("4");
  });

  test("has no first id in its details where there is none", () => {
    const error = positionFault("cursor_ahead", { table: "orders", position, firstId: undefined });
    expect(error.details).toEqual({ table: "orders", cursor: "4" });
    expect(error.message).not.toContain("undefined");
  });
});
