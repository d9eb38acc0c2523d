import { CursorsTable, createTables, type ErrorReport, EventsTable, runForever } from "reflex-rsql";
import { expect, onTestFinished, test } from "vitest";
import { describeEachServer } from "../../support/servers/engines.ts";
import { startServerWithPools } from "../../support/servers/server-with-pools.ts";
import { Reports } from "../../support/streams/gaps.ts";
import { Gate } from "../../support/waiting/gate.ts";

// Enough for a wait that doubles to be far above a second.
const ATTEMPTS = 10;

describeEachServer(({ vendor }) => {
  // Catches a run that sleeps for up to 30 s when its server is back already.
  test("a run of runForever tries often while its server refuses connections, and goes on once it is back", async () => {
    await using scene = await startServerWithPools({ vendor, durable: true });
    const { server, pool } = scene;
    const [events, cursors] = [new EventsTable("outage_events"), new CursorsTable("outage_cursors")];
    await createTables(pool, [events, cursors]);
    await events.insert(pool, "1", 1);
    await server.crash();
    const errors = new Reports<ErrorReport>();
    const consumed = new Reports<string>();
    const attempts = new Reports<number>();
    const ending = new AbortController();
    const running = runForever(
      {
        stream: events.toStream(pool),
        cursors: cursors.toStore(pool),
        consumer: {
          name: "mailer",
          reset: async () => attempts.add(attempts.all.length),
          consume: ({ id }) => consumed.add(id),
        },
      },
      { signal: ending.signal, observer: { error: errors.add } },
    );
    const ended = running.catch((error: unknown) => error);
    onTestFinished(() => ending.abort());
    await attempts.first((attempt) => attempt === ATTEMPTS);
    expect(errors.all.map(({ error }) => (error as { details?: { failure?: unknown } }).details?.failure)).toEqual(
      errors.all.map(() => "unreachable"),
    );
    // Not one line of log for each attempt.
    expect(errors.all.length).toBeGreaterThan(0);
    expect(errors.all.length).toBeLessThan(ATTEMPTS);
    expect(Math.max(...errors.all.map(({ retryInMs = 0 }) => retryInMs))).toBeLessThanOrEqual(200);
    expect(running.status()).toMatchObject({ lastError: { error: { code: "database_error" } } });
    await server.restart();
    expect(await consumed.first()).toBe("1");
    ending.abort("the test has ended");
    expect(await ended).toBe("the test has ended");
  });

  // Catches a line for each attempt of a cursor that waits to be written, beside those of the attempts themselves.
  test("a cursor that can't be written while the server is away is not told beside each attempt", async () => {
    await using scene = await startServerWithPools({ vendor, durable: true });
    const { server, pool } = scene;
    const events = new EventsTable("flush_events");
    const cursors = new CursorsTable("flush_cursors", { asyncPeriodMs: 600_000 });
    await createTables(pool, [events, cursors]);
    for (const foreignId of ["1", "2"]) await events.insert(pool, foreignId, 1);
    const errors = new Reports<ErrorReport>();
    const consumed = new Reports<string>();
    const attempts = new Reports<number>();
    const crashed = new Gate();
    const ending = new AbortController();
    const running = runForever(
      {
        stream: events.toStream(pool),
        cursors: cursors.toStore(pool),
        consumer: {
          name: "mailer",
          reset: async () => attempts.add(attempts.all.length),
          // The cursor is to be moved past event 1 while the work on event 2 fails as the server is away.
          consume: async ({ id }) => {
            consumed.add(id);
            if (id === "2") await crashed.opened.then(() => Promise.reject(new Error("no server")));
          },
        },
      },
      { signal: ending.signal, observer: { error: errors.add } },
    );
    const ended = running.catch((error: unknown) => error);
    onTestFinished(() => ending.abort());
    await consumed.first((id) => id === "2");
    await server.crash();
    crashed.open();
    await attempts.first((attempt) => attempt === ATTEMPTS);
    const of = (activity: string): number => errors.all.filter((report) => report.activity === activity).length;
    expect(of("run")).toBeGreaterThan(0);
    expect(of("flush")).toBeLessThanOrEqual(of("run"));
    ending.abort("the test has ended");
    expect(await ended).toBe("the test has ended");
  });
});
