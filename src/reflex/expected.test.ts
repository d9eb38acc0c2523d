import { describe, expect, test } from "vitest";
import { ReflexError } from "../errors/reflex-error.ts";
import { isExpected } from "./expected.ts";

describe("isExpected", () => {
  const reason = new Error("the pod is to stop");
  const signal = AbortSignal.abort(reason);
  const abortError = new DOMException("cancelled", "AbortError");

  test("is true for what an abort leads to", () => {
    expect(isExpected(reason, signal)).toBe(true);
    expect(isExpected(abortError, signal)).toBe(true);
    expect(isExpected(new Error("fetch failed", { cause: reason }), signal)).toBe(true);
    expect(isExpected(new ReflexError("stream_stopped", "stopped"), signal)).toBe(true);
    expect(isExpected("text", AbortSignal.abort("text"))).toBe(true);
  });

  test("is false while the signal is not aborted, and for what has nothing to do with the abort", () => {
    expect(isExpected(abortError, new AbortController().signal)).toBe(false);
    expect(isExpected(abortError, undefined)).toBe(false);
    expect(isExpected(new Error("no such order"), signal)).toBe(false);
    expect(isExpected(new DOMException("slow", "TimeoutError"), signal)).toBe(false);
    expect(isExpected(undefined, signal)).toBe(false);
  });
});
