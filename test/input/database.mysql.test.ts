import { CursorsTable, createTables } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { failureOf } from "../support/errors/failure-of.ts";
import { type Call, calls, creation, inserts } from "../support/input/database-calls.ts";
import {
  describeEachSubject,
  expectUsable,
  isReachable,
  MISSING_DATABASE,
  type Place,
} from "../support/input/database-subject.ts";

/** A ReflexError of this code, whose message names the table and then says what to do. */
function reflexError(code: string, { table }: Call, says: RegExp): object {
  const message = expect.stringMatching(new RegExp(`\\b${table}\\b.*(${says.source})`, "s")) as string;
  return { name: "ReflexError", code, message };
}

describeEachSubject((subject) => {
  /** What the call fails with in such a place, with nothing written and no connection kept. */
  async function failureIn(place: Place, { use }: Call): Promise<unknown> {
    const pool = subject.openPool(place);
    const error = await failureOf(() => use(pool));
    expect(await subject.storedRows()).toBe(0);
    if (isReachable(place)) await expectUsable(pool);
    return error;
  }

  // Catches a driver's error without a code of ours, or without the table's name or what to do.
  test.each([...inserts, ...calls])("$call without its table says how to make it", async (call) => {
    expect(await failureIn({ database: "blank" }, call)).toMatchObject(
      reflexError("wrong_schema", call, /createTables/),
    );
  });

  // Catches a missing column found with the first event only, or without the option that names another.
  test.each([...inserts, ...calls])("$call without a column says which, and the option for another", async (call) => {
    const expected = reflexError("wrong_schema", call, /[cC]olumn .*(option|\.\.\.Field)/);
    expect(await failureIn({ database: "bare" }, call)).toMatchObject(expected);
  });

  // Catches a table that may not be seen taken for an empty one.
  test.each([...inserts, ...calls, creation])("$call without the privilege says so", async (call) => {
    const error = (await failureIn({ user: "stranger" }, call)) as Error;
    expect(error).toMatchObject({ code: expect.stringMatching(/^(database_error|wrong_schema)$/) as string });
    expect(error.message).toContain(call.table);
    expect(error.message).toMatch(/denied.*grant|may not see it/is);
  });

  describe.each<{ what: string; place: Place; says: RegExp }>([
    {
      what: "a server at a closed port",
      place: { host: "127.0.0.1", port: 1 },
      says: /ECONNREFUSED.*check that the server runs/s,
    },
    {
      what: "a socket that is not there",
      place: { socketPath: "/nonexistent/s.sock" },
      says: /ENOENT.*check that the server runs/s,
    },
    { what: "a wrong database name", place: {}, says: /'nowhere'.*create the database, or name the right one/s },
  ])("with $what", ({ place, says }) => {
    // Catches a retry without end, and an error that tells neither the address nor what to look at.
    test.each([...inserts, ...calls, creation])("$call fails at once and says what to look at", async (call) => {
      const error = await failureIn({ database: MISSING_DATABASE, ...place }, call);
      const told = subject.engine.poolTellsCause
        ? reflexError("database_error", call, says)
        : { code: "time_limit", message: expect.stringMatching("check that the server can be reached") as string };
      expect(error).toMatchObject(told);
    });
  });

  test("flush() fails when the table is gone, names it, and writes the cursor once it is back", async () => {
    // Catches a cursor that is forgotten since its writing failed.
    const pool = subject.openPool();
    const held = new CursorsTable("held_cursors", { asyncPeriodMs: 3_600_000 });
    await createTables(pool, [held]);
    await held.getCursor(pool, "mailer");
    await held.setCursor(pool, "mailer", "7");
    await subject.root.query("drop table held_cursors");
    const error = await failureOf(() => held.flush());
    expect(error).toMatchObject({ code: "wrong_schema" });
    expect((error as Error).message).toMatch(/held_cursors.*createTables/s);
    await createTables(pool, [held]);
    await held.close();
    expect(await held.clone().getCursor(pool, "mailer")).toBe("7");
  });
});
