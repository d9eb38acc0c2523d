import { expect, test } from "vitest";
import { ReflexError } from "../errors/reflex-error.ts";
import { detailsOf, textWithCauses } from "./error-text.ts";

const cause = new TypeError("no such order");
const failed = new ReflexError("consumer_failed", "consumer a failed at event 2", {
  cause,
  details: { consumer: "a", eventId: "2" },
});

// Catches a warning that does not say why, or says it twice.
test.each<[string, unknown, string]>([
  ["a cause", failed, "ReflexError: consumer a failed at event 2; caused by TypeError: no such order"],
  [
    "a cause whose text is there already",
    new ReflexError("database_error", "could not read t: no such order; look", { cause }),
    "ReflexError: could not read t: no such order; look",
  ],
  [
    "causes of causes",
    new Error("outer", { cause: new Error("inner", { cause }) }),
    "Error: outer; caused by Error: inner; caused by TypeError: no such order",
  ],
  ["no error", "just text", '"just text"'],
])("an error with %s is one line that names each cause once", (_what, error, text) => {
  expect(textWithCauses(error)).toBe(text);
});

test("a cause that is its own cause ends", () => {
  const error = new Error("round");
  error.cause = error;
  expect(textWithCauses(error)).toBe("Error: round");
});

// Catches a logger that can't tell which consumer and event a warning is of without reading its text.
test("the details of a failure are those of its error, with its code and what was done", () => {
  expect(detailsOf({ activity: "run", name: "a", error: failed, retryInMs: 91.4 })).toEqual({
    activity: "run",
    name: "a",
    code: "consumer_failed",
    consumer: "a",
    eventId: "2",
    retryInMs: 91,
  });
  expect(detailsOf({ activity: "flush", name: "cursors", error: cause })).toEqual({
    activity: "flush",
    name: "cursors",
  });
});
