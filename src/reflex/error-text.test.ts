import { expect, test } from "vitest";
import { ReflexError } from "../errors/reflex-error.ts";
import { detailsOf } from "./error-text.ts";

const cause = new TypeError("no such order");
const failed = new ReflexError("consumer_failed", "consumer a failed at event 2", {
  cause,
  details: { consumer: "a", eventId: "2" },
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
