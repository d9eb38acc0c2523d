import { expect, test } from "vitest";
import { ReflexError } from "../errors/reflex-error.ts";
import { memoryCursorStore } from "../testing/memory/memory-cursor-store.ts";
import { withRemedy } from "./fault-remedy.ts";

const cursors = { ...memoryCursorStore(), remedy: () => "update cursors set position = null" };

test("a row that is another one can be accepted, and the error says how", () => {
  const [cause, details] = [new Error("from the driver"), { cursor: "5" }];
  const fault = new ReflexError("history_rewritten", "row 5 is another", { details, cause });
  const explained = withRemedy(fault, cursors, { consumer: "mailer", cursor: "5" });
  expect(explained).toMatchObject({ code: "history_rewritten", details });
  // The fault as the cause would have loggers print its text twice.
  expect(explained.cause).toBe(cause);
  expect(explained.message).toBe("row 5 is another; to accept the table as it is: update cursors set position = null");
});

// Catches advice that loses events: without its position the cursor would pass what comes under the ids below it.
test.each(["cursor_ahead", "cursor_row_missing", "history_pruned"] as const)(
  "a row that is missing can't be accepted: %s names no such way",
  (code) => {
    const fault = new ReflexError(code, "row 5 is missing");
    expect(withRemedy(fault, cursors, { consumer: "mailer", cursor: "5" })).toBe(fault);
  },
);
