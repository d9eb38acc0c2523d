import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Database, Session, SessionOptions } from "../database.ts";
import { mysqlDialect } from "../mysql-dialect.ts";
import { LingeringSession } from "./lingering-session.ts";

/** Lends sessions that only count. */
class CountedSessions {
  taken = 0;
  released = 0;
  refuse: Error | undefined;
  readonly options: SessionOptions[] = [];
  readonly texts: string[] = [];

  get database(): Database {
    const never = (): never => {
      throw new Error("not used");
    };
    return {
      identity: this,
      dialect: mysqlDialect,
      run: never,
      rows: never,
      transaction: never,
      session: async (use, options = {}) => {
        if (this.refuse !== undefined) throw this.refuse;
        this.options.push(options);
        this.taken++;
        try {
          return await use(this.#session());
        } finally {
          this.released++;
        }
      },
    };
  }

  #session(): Session {
    return {
      run: () => Promise.resolve({ affectedRows: 0, insertId: String(this.taken) }),
      rows: () => Promise.resolve([]),
      control: (text) => {
        this.texts.push(text);
        return Promise.resolve([]);
      },
    };
  }
}

const which = async (session: Session): Promise<string> => (await session.run("insert", [])).insertId;

describe("LingeringSession", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function held(): { sessions: CountedSessions; session: LingeringSession } {
    const sessions = new CountedSessions();
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
    await vi.advanceTimersByTimeAsync(600);
    await session.use(which);
    await vi.advanceTimersByTimeAsync(600);
    expect(sessions.released).toBe(0);
    await vi.advanceTimersByTimeAsync(400);
    expect(sessions.released).toBe(1);
    expect(await session.use(which)).toBe("2");
  });

  // Catches a linger that ends under a statement: a wait for a lock takes as long as the linger.
  test("keeps the connection while it is in use", async () => {
    const { sessions, session } = held();
    await session.use(which);
    let end: () => void = () => undefined;
    const long = session.use(
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    await vi.advanceTimersByTimeAsync(5000);
    expect(sessions.released).toBe(0);
    end();
    await long;
    await vi.advanceTimersByTimeAsync(1000);
    expect(sessions.released).toBe(1);
  });

  // Catches two statements of two transactions on one connection.
  test("lets one at a time use it, and says when someone waits", async () => {
    const { session } = held();
    const order: string[] = [];
    let end: () => void = () => undefined;
    const first = session.use(async () => {
      order.push("first begins");
      await new Promise<void>((resolve) => {
        end = resolve;
      });
      order.push("first ends");
    });
    await vi.advanceTimersByTimeAsync(0);
    expect(session.contended).toBe(false);
    const second = session.use(() => Promise.resolve(order.push("second")));
    await vi.advanceTimersByTimeAsync(0);
    expect(session.contended).toBe(true);
    end();
    await Promise.all([first, second]);
    expect(order).toEqual(["first begins", "first ends", "second"]);
    expect(session.contended).toBe(false);
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
