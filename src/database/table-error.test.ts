import { describe, expect, test } from "vitest";
import { ReflexError } from "../errors/reflex-error.ts";
import { tableError } from "./table-error.ts";

function messageOf(error: unknown): string {
  return (tableError(error, { table: "orders", activity: "read" }) as Error).message;
}

describe("tableError", () => {
  test.each([
    ["mysql2", new Error("Pool is closed.")],
    [
      "mariadb",
      Object.assign(new Error("(conn:-1, no: 45027, SQLState: HY000) pool is closed"), {
        errno: 45_027,
        sqlMessage: "pool is closed",
      }),
    ],
    ["an ORM", new Error("could not save", { cause: new Error("Pool is closed.") })],
  ])("says that the pool of %s was ended, and does not send people to the server", (_driver, error) => {
    const message = messageOf(error);
    expect(message).toContain("the pool was ended before");
    expect(message).toContain("flush()");
    expect(message).not.toContain("server runs");
    expect(message).not.toContain(".;");
  });

  test("says what to look for where a connection was closed and the pool was not", () => {
    expect(messageOf(new Error("Can't add new command when connection is in closed state"))).toContain("server runs");
  });

  test("keeps the driver's error as the cause, and values out of the message and details", () => {
    const cause = Object.assign(new Error("Incorrect datetime value: 'a person'"), { errno: 1292 });
    const error = tableError(cause, { table: "orders", activity: "insert into" }) as ReflexError;
    expect(error).toBeInstanceOf(ReflexError);
    expect(error.cause).toBe(cause);
    expect(`${error.message} ${JSON.stringify(error.details)}`).not.toContain("a person");
  });
});
