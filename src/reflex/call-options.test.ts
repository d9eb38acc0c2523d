import { expect, test } from "vitest";
import { checkSetCursorOptions, onlyEvent } from "./call-options.ts";
import type { SetCursorOptions } from "./cursor-store.ts";

// Catches a fast path by which wrong options pass unseen from the second cursor on.
test.each([null, 5, "x", [], new Map(), { nonsense: 1 }, { event: null }, { event: [] }, { event: 5 }])(
  "options that would be refused are not taken for an event alone: %j",
  (wrong) => {
    const options = wrong as unknown as SetCursorOptions;
    expect(onlyEvent(options)).toBe(false);
  },
);

test("an event alone is what would pass every check", () => {
  const options = { event: { id: "1" } } as unknown as SetCursorOptions;
  expect(onlyEvent(options)).toBe(options.event);
  expect(onlyEvent({})).toBeUndefined();
  expect(() => checkSetCursorOptions(options)).not.toThrow();
  expect(onlyEvent({ timeoutMs: 5 })).toBe(false);
});
