import { describe, expect, test } from "vitest";
import { ReflexError } from "../errors/reflex-error.ts";
import { duplicateKeyName, isServersAnswer, meaningOf } from "./sql-errors.ts";

function failure(message: string, facts: object = {}): Error {
  return Object.assign(new Error(message), facts);
}

const DUPLICATE = "Duplicate entry '7' for key 'orders.PRIMARY'";
const NUMBERS = { duplicate: 1062, deadlock: 1213, missing: 1146 } as const;

function driver(number: number, message = DUPLICATE): Error {
  return failure(message, { errno: number, code: "ER_SOMETHING", sqlState: "HY000", sqlMessage: message });
}

function adapterError(number: number): Error {
  const cause = { kind: "mysql", originalCode: String(number), originalMessage: DUPLICATE };
  return failure("DriverAdapterError", { cause });
}

/** How ORMs wrap the driver's error. */
const orms: readonly (readonly [orm: string, wrap: (number: number) => Error])[] = [
  ["Drizzle", (number) => failure("Failed query", { query: "insert", params: [], cause: driver(number) })],
  ["Sequelize", (number) => failure("Validation error", { parent: driver(number), original: driver(number) })],
  ["TypeORM", (number) => failure(DUPLICATE, { driverError: driver(number), errno: number })],
  [
    "Prisma with an adapter",
    (number) => failure("Raw query failed", { code: "P2010", meta: { driverAdapterError: adapterError(number) } }),
  ],
  [
    "Prisma with its engine",
    (number) => failure("Raw query failed", { code: "P2010", meta: { code: String(number), message: DUPLICATE } }),
  ],
  [
    "a wrapper of a wrapper",
    (number) => failure("a", { cause: failure("b", { parent: failure("c", { original: driver(number) }) }) }),
  ],
];

describe.each(orms)("the error of %s", (_orm, wrap) => {
  // Catches a duplicate that is not tried again, a deadlock after which a program goes on, and a table that nobody makes.
  test("means what the driver's error means", () => {
    expect(meaningOf(wrap(NUMBERS.duplicate))).toBe("duplicate_key");
    expect(meaningOf(wrap(NUMBERS.deadlock))).toBe("transaction_lost");
    expect(meaningOf(wrap(NUMBERS.missing))).toBe("missing_table");
    expect(duplicateKeyName(wrap(NUMBERS.duplicate))).toBe("PRIMARY");
    expect(isServersAnswer(wrap(NUMBERS.duplicate))).toBe(true);
  });
});

describe("what lies under an error", () => {
  test("is not searched for words where a wrapper repeats a value", () => {
    const wrapper = failure("Failed query: insert ... params: no such table, Pool is closed", {
      cause: driver(1366, "x"),
    });
    expect(meaningOf(wrapper)).toBe("other");
    expect(meaningOf(failure("params: Pool is closed", { cause: new Error("no") }))).toBe("other");
  });

  test("does not count where it caused an error of this library, whose code says what it means", () => {
    expect(meaningOf(new ReflexError("commit_outcome_unknown", "x", { cause: driver(NUMBERS.deadlock) }))).toBe(
      "other",
    );
  });

  // Catches a search without an end, and one that dies of what it looks at.
  test("is looked at once, and only so far", () => {
    const cyclic = failure("a");
    cyclic.cause = failure("b", { parent: cyclic });
    expect(meaningOf(cyclic)).toBe("other");
    let deep = driver(NUMBERS.deadlock);
    for (let depth = 0; depth < 1000; depth++) deep = failure("wrapped", { cause: deep });
    expect(meaningOf(deep)).toBe("other");
    const { proxy, revoke } = Proxy.revocable(new Error("hidden"), {});
    revoke();
    expect(meaningOf(proxy)).toBe("other");
    expect(meaningOf(failure("a", { cause: proxy }))).toBe("other");
    const throwing = {
      get: (): never => {
        throw new Error("must not be seen");
      },
    };
    const unreadable = Object.defineProperties(new Error("a"), { cause: throwing, errno: throwing, code: throwing });
    expect(meaningOf(unreadable)).toBe("other");
    expect(duplicateKeyName(unreadable)).toBeUndefined();
    expect(isServersAnswer(unreadable)).toBe(false);
    const beside = Object.defineProperty(failure("a", { parent: driver(NUMBERS.deadlock) }), "cause", throwing);
    expect(meaningOf(beside)).toBe("transaction_lost");
  });

  test("of Prisma's own code for a deadlock is a lost transaction", () => {
    expect(meaningOf(failure("write conflict", { code: "P2034", meta: {} }))).toBe("transaction_lost");
  });
});
