import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LentSessions } from "../../../test/support/databases/lent-sessions.ts";
import { failureOf } from "../../../test/support/errors/failure-of.ts";
import { Gate } from "../../../test/support/waiting/gate.ts";
import type { Session } from "../database.ts";
import { LingeringSession, type LingeringSessionOptions } from "./lingering-session.ts";
import { LINGER_MS } from "./session-group.ts";

const which = async (session: Session): Promise<string> => (await session.run("insert", [])).insertId;

/** Long enough for whoever waits for a turn in a large pool to be given another connection. */
const IMPATIENT_MS = 50;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

class Scene {
  readonly lent = new LentSessions();

  join(options: Partial<LingeringSessionOptions> = {}): LingeringSession {
    return new LingeringSession({ database: this.lent.database, isolation: "read uncommitted", setUp: [], ...options });
  }
}

/** Uses the session until the gate is opened. */
function hold(session: LingeringSession): Gate {
  const gate = new Gate();
  void session.use(() => gate.opened);
  return gate;
}

const time = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe("several users of one database", () => {
  // Catches a connection for each table, of which a pool has too few, and which are opened anew at each gap.
  test("share one connection", async () => {
    const scene = new Scene();
    const users = Array.from({ length: 8 }, () => scene.join());
    expect(await Promise.all(users.map((user) => user.use(which)))).toEqual(Array(8).fill("1"));
    expect(scene.lent.taken).toBe(1);
  });

  test("have another one where its settings differ", async () => {
    const scene = new Scene();
    const [reads, writes] = [scene.join(), scene.join({ isolation: "repeatable read" })];
    expect([await reads.use(which), await writes.use(which)]).toEqual(["1", "2"]);
  });

  // Catches a table whose statement waits for a lock or for the network, and all others with it.
  test("have another one when a turn is long in coming, and keep both for a while", async () => {
    const scene = new Scene();
    const [slow, other] = [scene.join(), scene.join()];
    const gate = hold(slow);
    const next = other.use(which);
    await time(IMPATIENT_MS);
    expect(await next).toBe("2");
    expect(await other.use(which)).toBe("2");
    gate.open();
    await time(0);
    expect([scene.lent.taken, scene.lent.released]).toEqual([2, 0]);
    await time(LINGER_MS);
    expect(scene.lent.released).toBe(2);
  });

  test("wait longer for their turn in a small pool, which others need", async () => {
    const scene = new Scene();
    scene.lent.poolSize = 5;
    const [slow, other] = [scene.join(), scene.join()];
    const gate = hold(slow);
    const next = other.use(which);
    await time(IMPATIENT_MS);
    expect(scene.lent.taken).toBe(1);
    gate.open();
    expect(await next).toBe("1");
  });

  test("wait no longer for their turn than their own limit allows", async () => {
    const scene = new Scene();
    scene.lent.poolSize = 5;
    const [slow, hasty, patient] = [scene.join(), scene.join({ acquireTimeoutMs: 100 }), scene.join()];
    const gate = hold(slow);
    const refused = failureOf(hasty.use(which));
    const next = patient.use(which);
    await time(100);
    expect(await refused).toMatchObject({ code: "time_limit" });
    gate.open();
    expect(await next).toBe("1");
  });

  // Catches the error of one connection that fails them all, and one that leaves the others without any.
  test("fail one by one when no connection can be opened, and go on when one can", async () => {
    const scene = new Scene();
    const users = [scene.join(), scene.join(), scene.join()];
    const refusals = [new Error("too many connections")];
    Object.defineProperty(scene.lent, "refuse", { get: () => refusals.pop() });
    const outcomes = users.map((user) => user.use(which).catch((error: Error) => error.message));
    expect(await Promise.all(outcomes)).toEqual(["too many connections", "1", "1"]);
  });

  test("keep it when one of them leaves, and lose it with the last", async () => {
    const scene = new Scene();
    const [first, last] = [scene.join(), scene.join()];
    await first.use(which);
    first.close();
    expect(await last.use(which)).toBe("1");
    last.close();
    await time(0);
    expect([scene.lent.taken, scene.lent.released]).toEqual([1, 1]);
  });

  // Catches a stream that is closed at a gap and leaves its statement, or takes a connection after that.
  test("have theirs closed under a statement when they leave, and get none after that", async () => {
    const scene = new Scene();
    const [leaving, staying] = [scene.join(), scene.join()];
    hold(leaving);
    await time(0);
    const waiting = failureOf(leaving.use(which));
    leaving.close();
    expect(await waiting).toMatchObject({ code: "PROTOCOL_CONNECTION_LOST" });
    await time(0);
    expect(scene.lent.released).toBe(1);
    await expect(leaving.use(which)).rejects.toThrow("given up");
    expect(await staying.use(which)).toBe("2");
  });

  test.each([
    { what: "as soon as the pool runs short", poolSize: 10, waitMs: 0 },
    { what: "soon, in a pool that may only be opening a connection", poolSize: undefined, waitMs: IMPATIENT_MS },
  ])("give up what they do not use $what, and listen no longer than they hold one", async ({ poolSize, waitMs }) => {
    const scene = new Scene();
    scene.lent.poolSize = poolSize;
    const user = scene.join();
    await user.use(which);
    expect(scene.lent.listeners).toBe(1);
    scene.lent.runShort();
    await time(waitMs);
    expect([scene.lent.released, scene.lent.listeners]).toEqual([1, 0]);
  });
});

describe("work that takes long", () => {
  async function isAllowed(user: LingeringSession): Promise<boolean> {
    return (await user.useLong(which)) !== undefined;
  }

  test("is done in a small pool while nobody else uses the connection, and for a while after that is not", async () => {
    const scene = new Scene();
    scene.lent.poolSize = 5;
    const [one, other] = [scene.join(), scene.join()];
    expect(await isAllowed(one)).toBe(true);
    await other.use(which);
    expect(await isAllowed(one)).toBe(false);
    await time(LINGER_MS + 1);
    expect(await isAllowed(one)).toBe(true);
  });

  test("is done in a large pool two at a time, and others still have a connection", async () => {
    const scene = new Scene();
    const [one, two, other] = [scene.join(), scene.join(), scene.join()];
    const gate = new Gate();
    for (const user of [one, two]) {
      await user.use(which);
      void user.useLong(() => gate.opened);
      const next = other.use(which);
      await time(IMPATIENT_MS);
      await next;
    }
    expect(await isAllowed(other)).toBe(false);
    expect(await other.use(which)).toBe("3");
    gate.open();
    await time(0);
    expect(await isAllowed(other)).toBe(true);
  });

  test("is not done while someone waits for a connection", async () => {
    const scene = new Scene();
    const [one, other] = [scene.join(), scene.join()];
    const gate = hold(one);
    const next = other.use(which);
    await time(0);
    expect(await isAllowed(one)).toBe(false);
    gate.open();
    await next;
  });
});
