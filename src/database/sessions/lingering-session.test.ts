import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LentSessions } from "../../../test/support/databases/lent-sessions.ts";
import { Gate } from "../../../test/support/waiting/gate.ts";
import type { Session } from "../database.ts";
import { LingeringSession } from "./lingering-session.ts";
import { LINGER_MS } from "./session-group.ts";

const which = async (session: Session): Promise<string> => (await session.run("insert", [])).insertId;

describe("LingeringSession", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function held(): { sessions: LentSessions; session: LingeringSession } {
    const sessions = new LentSessions();
    const { database } = sessions;
    return {
      sessions,
      session: new LingeringSession({ database, isolation: "read uncommitted", setUp: ["set x = 1"] }),
    };
  }

  // Catches one that takes its connections at the start, when the pool is needed for other things.
  test("takes a connection at its first use, sets it up once, and uses it again", async () => {
    const { sessions, session } = held();
    expect(sessions.taken).toBe(0);
    expect([await session.use(which), await session.use(which)]).toEqual(["1", "1"]);
    expect(sessions.texts).toEqual(["set x = 1"]);
    expect(sessions.options[0]).toMatchObject({ isolation: "read uncommitted" });
  });

  // Catches one that keeps two connections of the pool for as long as the stream lives.
  test("gives the connection up soon after its last use, and takes another later", async () => {
    const { sessions, session } = held();
    await session.use(which);
    await vi.advanceTimersByTimeAsync(LINGER_MS * 0.6);
    await session.use(which);
    await vi.advanceTimersByTimeAsync(LINGER_MS * 0.6);
    expect(sessions.released).toBe(0);
    await vi.advanceTimersByTimeAsync(LINGER_MS * 0.4);
    expect(sessions.released).toBe(1);
    expect(await session.use(which)).toBe("2");
  });

  // Catches a linger that ends under a statement: a wait for a lock takes as long as the linger.
  test("keeps the connection while it is in use", async () => {
    const { sessions, session } = held();
    await session.use(which);
    const work = new Gate();
    const long = session.use(() => work.opened);
    await vi.advanceTimersByTimeAsync(LINGER_MS * 5);
    expect(sessions.released).toBe(0);
    work.open();
    await long;
    await vi.advanceTimersByTimeAsync(LINGER_MS);
    expect(sessions.released).toBe(1);
  });

  // Catches two statements of two transactions on one connection.
  test("lets one at a time use it, in the order in which they came", async () => {
    const { sessions, session } = held();
    const order: string[] = [];
    const work = new Gate();
    const first = session.use(async () => {
      order.push("first begins");
      await work.opened;
      order.push("first ends");
    });
    const others = [2, 3].map((number) => session.use(() => Promise.resolve(order.push(String(number)))));
    await vi.advanceTimersByTimeAsync(0);
    work.open();
    await Promise.all([first, ...others]);
    expect(order).toEqual(["first begins", "first ends", "2", "3"]);
    expect(sessions.taken).toBe(1);
  });

  // Catches one that uses a dead connection again for ever, and one that closes a good one at each duplicate key.
  test.each([
    { name: "a lost connection", error: Object.assign(new Error("gone"), { errno: 2013 }), next: "2" },
    { name: "a duplicate key", error: Object.assign(new Error("taken"), { errno: 1062 }), next: "1" },
  ])("after $name the next use has connection $next", async ({ error, next }) => {
    const { session } = held();
    await session.use(which);
    await expect(session.use(() => Promise.reject(error))).rejects.toBe(error);
    expect(await session.use(which)).toBe(next);
  });

  // Catches one that remembers the failure to connect.
  test("tries again after it could not connect", async () => {
    const { sessions, session } = held();
    sessions.refuse = new Error("too many connections");
    await expect(session.use(which)).rejects.toThrow("too many connections");
    sessions.refuse = undefined;
    expect(await session.use(which)).toBe("1");
  });

  test("has its connection ready after a warm-up, whose failure shows at the use only", async () => {
    const { sessions, session } = held();
    sessions.refuse = new Error("too many connections");
    session.warmUp();
    await vi.advanceTimersByTimeAsync(0);
    sessions.refuse = undefined;
    session.warmUp();
    session.warmUp();
    await vi.advanceTimersByTimeAsync(0);
    expect(sessions.taken).toBe(1);
    expect(await session.use(which)).toBe("1");
  });

  test("gives the connection up when it is closed, at once", async () => {
    const { sessions, session } = held();
    await session.use(which);
    session.close();
    await vi.advanceTimersByTimeAsync(0);
    expect(sessions.released).toBe(1);
  });
});
