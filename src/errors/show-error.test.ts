import { describe, expect, test } from "vitest";
import { ReflexError } from "./reflex-error.ts";
import { errorText, showError, showWithCauses } from "./show-error.ts";

const SECRET = "someone@example.org";

function failure(message: string, facts: object = {}): Error {
  return Object.assign(new Error(message), facts);
}

function hostileError(): Error {
  return new Proxy(new Error("hidden"), {
    get() {
      throw new Error("not to be read");
    },
  });
}

function revokedError(): Error {
  const { proxy, revoke } = Proxy.revocable(new Error("hidden"), {});
  revoke();
  return proxy;
}

describe("what a program has thrown itself", () => {
  test.each([
    [new TypeError("no"), "TypeError: no"],
    [new ReflexError("fenced", "not yours"), "ReflexError: not yours"],
    [new Error("order 7 failed", { cause: failure("Unknown column", { errno: 1054 }) }), "Error: order 7 failed"],
    [new Error(""), "Error"],
    ["text", '"text"'],
    [undefined, "undefined"],
    [{ code: 5 }, "an object (Object)"],
  ])("is shown as it is: %s", (error, shown) => {
    expect(showError(error)).toBe(shown);
  });

  // Catches a value of the user's whose own functions throw in place of what the user threw.
  test.each([
    ["an object without a prototype", Object.create(null), "an object (no name)"],
    ["an error whose name is no text", failure("no", { name: Symbol("unprintable") }), "an object (Error)"],
    ["a proxy that was revoked", revokedError(), "an object (no name)"],
    ["a proxy whose properties throw", hostileError(), "an object (no name)"],
    ["an error whose message is no text", failure("", { message: 5 }), "Error: an object (Error)"],
  ])("is shown whatever it is: %s", (_what, error, shown) => {
    expect(showError(error)).toBe(shown);
  });
});

const duplicate = { errno: 1062, code: "ER_DUP_ENTRY", sqlState: "23000" };
const duplicateMessage = `Duplicate entry '${SECRET}' for key 'orders.by_mail'`;

describe("the error of a database", () => {
  test.each([
    [duplicateMessage, duplicate, "Duplicate entry for key 'orders.by_mail'"],
    [`Duplicate entry '${SECRET}' for key 'x'' for key 'by_mail'`, duplicate, "Duplicate entry for key 'by_mail'"],
    [
      `Duplicate entry '${SECRET}\nsql: for key 'a'`,
      duplicate,
      "an error of the database (1062, ER_DUP_ENTRY, SQLSTATE 23000), whose own words may hold values",
    ],
    [
      `(conn:7, no: 1062, SQLState: 23000) ${duplicateMessage}\nsql: insert into orders values (?) - parameters:['${SECRET}']`,
      { ...duplicate, sqlMessage: duplicateMessage },
      "Duplicate entry for key 'orders.by_mail'",
    ],
    [
      `(conn:7, no: 1406, SQLState: 22001) Data too long for column 'mail' at row 1\nsql: insert into orders values (?) - parameters:['${SECRET}']`,
      { errno: 1406 },
      "Data too long for column 'mail' at row 1",
    ],
    [
      `Incorrect integer value: '${SECRET}' for column \`shop\`.\`orders\`.\`type\` at row 1`,
      { errno: 1366 },
      "Incorrect integer value for column `shop`.`orders`.`type` at row 1",
    ],
    [
      `Incorrect datetime value: '${SECRET}'`,
      { errno: 1292, code: "ER_TRUNCATED_WRONG_VALUE", sqlState: "22007" },
      "an error of the database (1292, ER_TRUNCATED_WRONG_VALUE, SQLSTATE 22007), whose own words may hold values",
    ],
    ["Table 'shop.orders' doesn't exist", { errno: 1146 }, "Table 'shop.orders' doesn't exist"],
    [
      "connect ECONNREFUSED 127.0.0.1:3306",
      { errno: -111, code: "ECONNREFUSED" },
      "connect ECONNREFUSED 127.0.0.1:3306",
    ],
    ["", { code: "ECONNREFUSED" }, "ECONNREFUSED"],
    [
      "UNIQUE constraint failed: orders.mail",
      { code: "SQLITE_CONSTRAINT_UNIQUE" },
      "UNIQUE constraint failed: orders.mail",
    ],
    [
      `near "${SECRET}": syntax error`,
      { code: "ERR_SQLITE_ERROR", errcode: 1 },
      "an error of the database (1, ERR_SQLITE_ERROR), whose own words may hold values",
    ],
  ])("is shown without values: %s", (message, facts, shown) => {
    expect(errorText(failure(message, facts))).toBe(shown);
    expect(showError(failure(message, facts))).toBe(`Error: ${shown}`);
  });
});

describe("the error of an ORM", () => {
  const driver = failure(duplicateMessage, { ...duplicate, sqlMessage: duplicateMessage });
  const shown = "Duplicate entry for key 'orders.by_mail'";
  const query = { query: "insert into orders values (?)", params: [SECRET] };

  test.each([
    ["Drizzle", failure(`Failed query: insert\nparams: ${SECRET}`, { ...query, cause: driver })],
    [
      "Sequelize",
      failure(`Validation error: ${SECRET}`, { parent: driver, original: driver, sql: SECRET, parameters: {} }),
    ],
    ["TypeORM", failure(duplicateMessage, { driverError: driver, query: SECRET, parameters: [SECRET] })],
    [
      "Knex",
      failure(`insert into orders values ('${SECRET}') - ${duplicateMessage}`, {
        ...duplicate,
        sqlMessage: duplicateMessage,
      }),
    ],
    [
      "Prisma",
      failure(`Invalid \`prisma.$executeRawUnsafe()\` invocation: ${duplicateMessage}`, {
        code: "P2010",
        meta: {
          driverAdapterError: failure("UniqueConstraintViolation", {
            cause: { originalCode: "1062", originalMessage: duplicateMessage },
          }),
        },
      }),
    ],
    ["a program that repeats it", new Error(`could not save: ${duplicateMessage}`, { cause: driver })],
  ])("says what the database's error says: %s", (_orm, error) => {
    expect(errorText(error)).toBe(shown);
  });

  test("hides its own words where it tells nothing of the database's", () => {
    const text = errorText(
      failure(`Failed query: insert\nparams: ${SECRET}`, { ...query, cause: new Error("Pool is closed.") }),
    );
    expect(text).toBe("an error of a statement whose own words may hold values");
  });
});

const reason = new TypeError("no such order");
const failed = new ReflexError("consumer_failed", "consumer a failed at event 2", { cause: reason });

// Catches a warning that does not say why, or says it twice.
test.each<[string, unknown, string]>([
  ["a cause", failed, "ReflexError: consumer a failed at event 2; caused by TypeError: no such order"],
  [
    "a cause whose text is there already",
    new ReflexError("database_error", "could not read t: no such order; look", { cause: reason }),
    "ReflexError: could not read t: no such order; look",
  ],
  [
    "causes of causes",
    new Error("outer", { cause: new Error("inner", { cause: reason }) }),
    "Error: outer; caused by Error: inner; caused by TypeError: no such order",
  ],
  ["no error", "just text", '"just text"'],
])("an error with %s is one line that names each cause once", (_what, error, text) => {
  expect(showWithCauses(error)).toBe(text);
});

test("a cause that is its own cause ends", () => {
  const error = new Error("round");
  error.cause = error;
  expect(showWithCauses(error)).toBe("Error: round");
});
