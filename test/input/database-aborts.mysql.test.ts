import { CursorsTable, toDatabase, transaction } from "reflex-rsql";
import { expect, test } from "vitest";
import { failureOf } from "../support/errors/failure-of.ts";
import { abortable, calls, creation, events } from "../support/input/database-calls.ts";
import { describeEachSubject, expectUsable } from "../support/input/database-subject.ts";

const POLL = { timeout: 5000, interval: 10 };
const reason = new Error("closing");

describeEachSubject((subject) => {
  /** What the call fails with that is aborted while the server holds it up. */
  async function abortedFailure(
    call: (signal: AbortSignal) => Promise<unknown>,
    locked: "tables" | "server" = "tables",
  ): Promise<unknown> {
    const abort = new AbortController();
    const unlock = await subject.lock(locked);
    try {
      const failure = failureOf(() => call(abort.signal));
      await expect.poll(() => subject.waiting(), POLL).toBeGreaterThan(0);
      abort.abort(reason);
      return await failure;
    } finally {
      await unlock();
    }
  }

  // Catches an abort that waits for the server, and a statement that takes effect after it.
  test.each([...calls, ...abortable, creation])(
    "$call ends with the signal's reason while the server holds it up, and writes nothing",
    async ({ call, use }) => {
      const pool = subject.openPool();
      // MySQL's CREATE TABLE IF NOT EXISTS passes by the lock of a table that exists.
      const locked = subject.engine.vendor === "mysql" && call === "createTables" ? "server" : "tables";
      expect(await abortedFailure((signal) => use(pool, signal), locked)).toBe(reason);
      await expect.poll(() => subject.waiting(), POLL).toBe(0);
      expect(await subject.storedRows()).toBe(0);
      await expectUsable(pool);
    },
  );

  test.each(["flush", "flush of a store"])("%s does so too, and the cursor is kept for the next one", async (call) => {
    // Catches a cursor that is forgotten since its writing was cut short.
    const pool = subject.openPool();
    const cursors = new CursorsTable("cursors", { asyncPeriodMs: 3_600_000 });
    await using store = cursors.toStore(pool);
    await store.getCursor("mailer");
    await store.setCursor("mailer", "7");
    const flushed = call === "flush" ? cursors : store;
    expect(await abortedFailure((signal) => flushed.flush({ signal }))).toBe(reason);
    await expect.poll(() => subject.waiting(), POLL).toBe(0);
    expect(await subject.storedRows()).toBe(0);
    await flushed.flush();
    expect(await new CursorsTable("cursors").getCursor(pool, "mailer")).toBe("7");
    await subject.root.query("delete from cursors");
  });

  test("transaction() rolls back what was inserted before its signal was aborted", async () => {
    // Catches a COMMIT after the abort.
    const abort = new AbortController();
    const pool = subject.openPool();
    const use = async (tx: Parameters<typeof events.insert>[0]): Promise<void> => {
      await events.insert(tx, "a", 1);
      abort.abort(reason);
    };
    expect(await failureOf(() => transaction(pool, use, { signal: abort.signal }))).toBe(reason);
    expect(await subject.storedRows()).toBe(0);
    await expectUsable(pool);
  });

  test("transaction() and session() end with the reason while they wait for a connection, and begin nothing", async () => {
    // Catches a connection that is lent after nobody waits for it, and never given back.
    const pool = subject.openPool();
    const lent = await Promise.all(Array.from({ length: 5 }, () => pool.getConnection()));
    const ran = (): Promise<never> => Promise.reject(new Error("it ran"));
    const abort = new AbortController();
    const { signal } = abort;
    const failures = Promise.all([
      failureOf(() => transaction(pool, ran, { signal })),
      failureOf(() => toDatabase(pool).session(ran, { signal })),
    ]);
    abort.abort(reason);
    expect(await failures).toEqual([reason, reason]);
    for (const connection of lent) void connection.release();
    await expectUsable(pool);
  });
});
