import { describe, expect, test } from "vitest";
import * as options from "./check-options.ts";

const checks = { limit: options.aCount, name: options.aString };
const check = (given: unknown): object => options.checkOptions("a thing", given, checks);

describe("options", () => {
  test("are given back as a frozen copy, and an empty object for none", () => {
    const given = { limit: 3 };
    expect(check(given)).toEqual(given);
    expect(check(given)).not.toBe(given);
    expect(Object.isFrozen(check(given))).toBe(true);
    expect(check(undefined)).toEqual({});
  });

  // Catches a value that passes by the check since it is not the object's own: it went into SQL as it was.
  test("are checked however they are given: inherited, by a getter of a class, by a proxy", () => {
    class Given {
      get limit(): number {
        return 0;
      }
    }
    const proxy = new Proxy({}, { get: (_target, name) => (name === "limit" ? 0 : undefined) });
    const inherited = Object.create({ limit: 0 }) as object;
    const beside = Object.assign(Object.create({ limit: 0 }) as object, { name: "x" });
    for (const given of [new Given(), proxy, inherited, beside]) {
      expect(() => check(given)).toThrow("option limit of a thing must be a whole number, 1 or more, found 0");
    }
    expect(() => check(Object.create({ limits: 3 }))).toThrow(/an object|has no option "limits"/u);
    expect(() => check(Object.assign(Object.create({ limits: 3 }) as object, { limit: 3 }))).toThrow(
      'a thing has no option "limits"',
    );
  });

  // Catches a getter that gives a right value to the check, and another one to what uses it.
  test("are read once, and what was checked is what is used", () => {
    let reads = 0;
    const given = {
      get limit(): number {
        return ++reads;
      },
    };
    expect(check(given)).toEqual({ limit: 1 });
    expect(reads).toBe(1);
  });

  test("that are undefined count as not given", () => {
    expect(check({ limit: undefined, name: undefined })).toEqual({});
  });

  test.each(["limits", "constructor", "toString", "hasOwnProperty", "__proto__"])(
    "of the unknown name %s are refused, even if undefined, and the known names told",
    (name) => {
      const given = Object.defineProperty({}, name, { value: undefined, enumerable: true });
      const expected = { name: "TypeError", code: "invalid_option" };
      expect(() => check(given)).toThrow(expect.objectContaining(expected));
      expect(() => check(given)).toThrow(`a thing has no option "${name}"; it has limit, name`);
    },
  );

  test.each([null, 5, "text", [], () => 1])("that are no object are refused: %o", (given) => {
    expect(() => check(given)).toThrow(expect.objectContaining({ name: "TypeError", code: "invalid_option" }));
    expect(() => check(given)).toThrow(/^the options of a thing must be an object, found /u);
  });

  test("that nobody can look at are refused", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(() => check(proxy)).toThrow(expect.objectContaining({ name: "TypeError", code: "invalid_option" }));
    expect(() => check(proxy)).toThrow(/^the options of a thing must be an object, found /u);
  });

  // Catches a raw error of JavaScript, which names neither the option nor its owner.
  test("one of which nobody can look at is refused", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const refuse = (aCheck: typeof options.aLogger): void => {
      const use = (): unknown => options.checkOptions("a thing", { given: proxy }, { given: aCheck });
      expect(use).toThrow(expect.objectContaining({ name: "TypeError", code: "invalid_option" }));
      expect(use).toThrow(/^option given of a thing must be /u);
    };
    for (const aCheck of [options.aLogger, options.anObject, options.aSignal, options.aCount, options.aFunction])
      refuse(aCheck);
  });

  test("of a wrong type are a TypeError, of a wrong number a RangeError, naming option, owner and value", () => {
    expect(() => check({ limit: "3" })).toThrow(expect.objectContaining({ name: "TypeError", code: "invalid_option" }));
    expect(() => check({ limit: "3" })).toThrow(
      "option limit of a thing must be a whole number, 1 or more, found a string of 1 character",
    );
    expect(() => check({ limit: 0 })).toThrow(expect.objectContaining({ name: "RangeError", code: "invalid_option" }));
    expect(() => check({ limit: null })).toThrow("found null");
  });
});

const { aBoolean, aFunction, anObject, aSignal, aString, aDuration, aCount, aLogger } = options;

test.each([
  { check: aBoolean, good: [true, false], bad: [0, "true", null] },
  { check: aFunction, good: [() => 1, Map], bad: [{}, "f", null] },
  { check: anObject, good: [{}, new Map()], bad: [null, () => 1, "x"] },
  { check: aSignal, good: [new AbortController().signal], bad: [new AbortController(), {}, null] },
  { check: aString, good: ["x", " "], bad: ["", 1, null] },
  { check: aDuration, good: [0, 1.5, Number.POSITIVE_INFINITY], bad: [-1, Number.NaN, "1", 1n, null] },
  { check: aCount, good: [1, 2 ** 40], bad: [0, 1.5, Number.POSITIVE_INFINITY, "1", null] },
  { check: aLogger, good: [console, { warn: () => undefined }], bad: [{}, { warn: 1 }, null, "x"] },
  { check: options.oneOf("a", false), good: ["a", false], bad: ["b", true, null] },
  { check: options.either(aBoolean, aCount), good: [true, 1], bad: [0, "x", null] },
])("takes $good and refuses $bad", ({ check: problemOf, good, bad }) => {
  for (const value of good) expect(problemOf(value)).toBeUndefined();
  for (const value of bad) expect(problemOf(value)).toMatch(/\w/u);
});

test("says every way in which a value could be right", () => {
  expect(options.either(aBoolean, aCount)("x")).toBe("true or false or a whole number, 1 or more");
  expect(options.oneOf("a", false)("x")).toBe('one of "a", false');
});
