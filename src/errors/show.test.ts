import { expect, test } from "vitest";
import { nameDetail, show, showKind, showName } from "./show.ts";

class Money {
  readonly amount: number = 1;
}
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const hostile = new Proxy(
  {},
  {
    get() {
      throw new Error("not to be read");
    },
  },
);

test.each([
  ["text", "a string of 4 characters"],
  ["", "a string of 0 characters"],
  [12n, "12n"],
  [1.5, "1.5"],
  [Number.NaN, "NaN"],
  [true, "true"],
  [null, "null"],
  [undefined, "undefined"],
  [Symbol("secret"), "a symbol"],
  [[1, 2], "an array of 2"],
  [{ a: 1 }, "an object (Object)"],
  [new Map(), "an object (Map)"],
  [new Money(), "an object (Money)"],
  [{ constructor: 1 }, "an object (no name)"],
  [{ constructor: { name: "secret" } }, "an object (no name)"],
  [show, "function show"],
  [() => 1, "function (anonymous)"],
])("show(%o) is %s", (value, shown) => {
  expect(show(value)).toBe(shown);
});

// Catches a value whose own functions run and throw while a message is made of it.
test("show() reads whatever it is given", () => {
  expect(show(revoked.proxy)).toBe("an object (no name)");
  expect(show(hostile)).toBe("an object (no name)");
  expect(show(Object.create(null))).toBe("an object (no name)");
});

test.each([
  ["orders", '"orders"'],
  ['say "so"\n', '"say \\"so\\"\\n"'],
  ["x".repeat(80), `"${"x".repeat(80)}"`],
  ["x".repeat(81), `"${"x".repeat(77)}..."`],
  ["mysql://shop:password@db/shop", "a string of 29 characters"],
  ["user=shop;password=secret", "a string of 25 characters"],
  ["someone@example.org", "a string of 19 characters"],
  [5, "5"],
  [["orders"], "an array of 1"],
])("showName(%o) is %s", (value, shown) => {
  expect(showName(value)).toBe(shown);
});

test.each([
  [5, "a whole number"],
  [-2.5, "a number with a fraction"],
  [2 ** 60, "a whole number beyond 2^53"],
  [Number.NaN, "NaN"],
  [-12n, "a bigint of 2 digits"],
  ["person", "a string of 6 characters"],
  [Uint8Array.of(1), "an object (Uint8Array)"],
])("showKind(%o) is %s", (value, shown) => {
  expect(showKind(value)).toBe(shown);
});

test("nameDetail() is the text itself, without quotes, or what it is where the text can't be shown", () => {
  expect(nameDetail("x")).toBe("x");
  expect(nameDetail("mysql://u:p@h/d")).toBe("a string of 15 characters");
  expect(nameDetail(7)).toBe("7");
});
