import { expect, test } from "vitest";
import { LentSessions } from "../../../test/support/databases/lent-sessions.ts";
import { sessionsReturned } from "./borrowed-session.ts";
import { shareSession } from "./shared-session.ts";

const limits = { subject: "orders", acquireTimeoutMs: undefined, statementTimeoutMs: undefined };

// Catches a read that goes on after its stream: it would take a connection that nobody gives back.
test("takes no session for those who have closed it, and closes it with the last user", async () => {
  const lent = new LentSessions();
  const { database } = lent;
  const session = shareSession(database);
  expect(shareSession(database)).toBe(session);
  await session.rows("select 1", [], limits);
  session.close();
  await session.rows("select 1", [], limits);
  await sessionsReturned();
  expect([lent.taken, lent.released]).toEqual([1, 0]);
  session.close();
  await sessionsReturned();
  expect([lent.taken, lent.released]).toEqual([1, 1]);
  await expect(session.rows("select 1", [], limits)).rejects.toThrow("by its users only");
  expect([lent.taken, lent.released]).toEqual([1, 1]);
});
