import { describe, expect, test } from "vitest";
import type * as errors from "./reflex-error.ts";
import { isMistake, isReflexError, ReflexError, rangeMistake, typeMistake } from "./reflex-error.ts";

async function anotherCopy(): Promise<typeof errors> {
  return (await import(`${new URL("./reflex-error.ts", import.meta.url).href}?copy`)) as typeof errors;
}

describe("a ReflexError", () => {
  test("carries code, details and cause", () => {
    const cause = new Error("driver");
    const error = new ReflexError("database_error", "could not read", { cause, details: { table: "t", attempt: 2 } });
    expect(error).toBeInstanceOf(Error);
    expect(error.cause).toBe(cause);
    expect(error.code).toBe("database_error");
    expect(error.details).toEqual({ table: "t", attempt: 2 });
    expect(String(error)).toBe("ReflexError: could not read");
  });

  test("has no cause unless one is given, and keeps one that is undefined or no Error", () => {
    expect("cause" in new ReflexError("time_limit", "late")).toBe(false);
    expect("cause" in new ReflexError("time_limit", "late", { cause: undefined })).toBe(true);
    expect(new ReflexError("time_limit", "late", { cause: "text" }).cause).toBe("text");
    expect(new ReflexError("time_limit", "late").details).toEqual({});
  });
});

describe("isReflexError", () => {
  test("knows an error of this copy of the package, by its code if one is asked for", () => {
    const error = new ReflexError("time_limit", "late");
    expect(isReflexError(error)).toBe(true);
    expect(isReflexError(error, "time_limit")).toBe(true);
    expect(isReflexError(error, "fenced")).toBe(false);
  });

  test("knows an error of another copy, which instanceof does not", async () => {
    const copy = await anotherCopy();
    const error = new copy.ReflexError("fenced", "not yours");
    expect(error).not.toBeInstanceOf(ReflexError);
    expect(isReflexError(error)).toBe(true);
    expect(isReflexError(error, "fenced")).toBe(true);
    expect(copy.isReflexError(new ReflexError("fenced", "not yours"), "fenced")).toBe(true);
  });

  test.each([
    ["another error", Object.assign(new Error("no"), { code: "fenced" })],
    ["an error of that name without a code", Object.assign(new Error("no"), { name: "ReflexError" })],
    ["an object that looks like one", { name: "ReflexError", code: "fenced", message: "no" }],
    ["a programmer's mistake", typeMistake("invalid_option", "no")],
    ["a string", "ReflexError"],
    ["null", null],
    ["undefined", undefined],
  ])("is false for %s", (_what, value) => {
    expect(isReflexError(value)).toBe(false);
  });
});

describe("a programmer's mistake", () => {
  test("is a TypeError or RangeError with a code", () => {
    const wrongType = typeMistake("invalid_option", "wrong type");
    expect(wrongType).toBeInstanceOf(TypeError);
    expect(wrongType.code).toBe("invalid_option");
    const outOfRange = rangeMistake("invalid_argument", "out of range");
    expect(outOfRange).toBeInstanceOf(RangeError);
    expect(outOfRange.code).toBe("invalid_argument");
  });

  test.each(["invalid_option", "invalid_identifier", "invalid_argument"] as const)("of code %s is one", (code) => {
    expect(isMistake(typeMistake(code, "no"))).toBe(true);
    expect(isMistake(rangeMistake(code, "no"))).toBe(true);
  });

  test("of another copy of the package is one too", async () => {
    const copy = await anotherCopy();
    expect(isMistake(copy.typeMistake("invalid_option", "no"))).toBe(true);
  });

  test.each([
    ["a plain TypeError", new TypeError("undefined is not a function")],
    ["a service's answer that uses the same code", Object.assign(new Error("no"), { code: "invalid_argument" })],
    ["a ReflexError", new ReflexError("invalid_cursor", "no")],
    ["a Node.js error", Object.assign(new TypeError("no"), { code: "ERR_INVALID_ARG_TYPE" })],
    ["undefined", undefined],
  ])("is not %s", (_what, error) => {
    expect(isMistake(error)).toBe(false);
  });
});
