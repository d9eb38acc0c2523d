import { expect, test } from "vitest";
import type { Database, Session } from "../database.ts";
import { mysqlDialect } from "../mysql-dialect.ts";
import { sessionsReturned } from "./borrowed-session.ts";
import { shareSession } from "./shared-session.ts";

const limits = { acquireTimeoutMs: undefined, statementTimeoutMs: undefined };

/** A database that says what became of the sessions it lends. */
function lending(): { readonly database: Database; readonly told: string[] } {
  const told: string[] = [];
  const never = (): never => {
    throw new Error("not used");
  };
  const session: Session = { run: never, control: never, rows: () => Promise.resolve([]) };
  const database: Database = {
    identity: {},
    dialect: mysqlDialect,
    run: never,
    rows: never,
    transaction: never,
    session: async (use) => {
      told.push("lent");
      try {
        return await use(session);
      } finally {
        told.push("closed");
      }
    },
  };
  return { database, told };
}

// Catches a read that goes on after its stream: it would take a connection that nobody gives back.
test("takes no session for those who have closed it, and closes it with the last user", async () => {
  const { database, told } = lending();
  const session = shareSession(database);
  expect(shareSession(database)).toBe(session);
  await session.rows("select 1", [], limits);
  session.close();
  await session.rows("select 1", [], limits);
  await sessionsReturned();
  expect(told).toEqual(["lent"]);
  session.close();
  await sessionsReturned();
  expect(told).toEqual(["lent", "closed"]);
  await expect(session.rows("select 1", [], limits)).rejects.toThrow("by its users only");
  expect(told).toEqual(["lent", "closed"]);
});
