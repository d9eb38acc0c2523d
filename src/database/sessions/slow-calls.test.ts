import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CallsUnderWay, callsOfSessions } from "../calls-under-way.ts";
import type { Database, Session } from "../database.ts";
import { slowCalls } from "./slow-calls.ts";

const OWN = 1;

/** A server with these sessions, each of which waits for a statement. */
function restingServer(threadIds: readonly number[]): Database {
  const rows = [OWN, ...threadIds].map((id) => ({
    Id: id,
    Command: id === OWN ? "Query" : "Sleep",
    Time: 9,
    State: "",
  }));
  const session = { threadId: OWN, control: async () => rows, rows: async () => rows } as unknown as Session;
  const identity = {};
  return { identity, session: (use: (lent: Session) => unknown) => use(session) } as unknown as Database;
}

/** A session on which a statement is under way. */
class HungSession {
  readonly calls = new CallsUnderWay();
  readonly closed: string[] = [];
  readonly threadId: number;
  bytesReceived = 0;

  constructor(threadId: number) {
    this.threadId = threadId;
    this.calls.begin(this);
  }

  destroy(why: string): void {
    this.closed.push(why);
  }
}

describe("when the server answers again", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  // Catches a step at a gap that waits for an answer that is lost, though another one was found lost by then.
  test("all sessions are closed that wait for a lost answer, and those are left to which bytes come", async () => {
    const database = restingServer([7, 8, 9]);
    const [asked, other, busy] = [new HungSession(7), new HungSession(8), new HungSession(9)];
    for (const { calls } of [asked, other, busy]) callsOfSessions(database.identity).add(calls);
    const watch = slowCalls(database);
    for (let ms = 0; ms < 3000; ms += 500) {
      await vi.advanceTimersByTimeAsync(500);
      busy.bytesReceived++;
      watch.note();
    }
    await watch.why(asked.calls.before(performance.now()));
    expect([asked, other, busy].map(({ closed }) => closed.length)).toEqual([1, 1, 0]);
    expect(other.closed[0]).toMatch(/lost on the way/);
  });
});
