import { CursorsTable, createTables, type ErrorReport, EventsTable, runForever } from "reflex-rsql";
import { expect, onTestFinished, test } from "vitest";
import { describeEachServer } from "../../support/servers/engines.ts";
import { startServerWithPools } from "../../support/servers/server-with-pools.ts";
import { Reports } from "../../support/streams/gaps.ts";

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
});
