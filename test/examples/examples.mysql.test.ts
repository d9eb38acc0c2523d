import { afterAll, beforeAll, expect, test } from "vitest";
import { describeEachServer } from "../support/servers/engines.ts";
import { ExamplePrograms } from "./example-programs.ts";

let examples: ExamplePrograms;
let mistakes: string[];

/** What each prints when it is run again on the same database. The first time, it is what its README says. */
const printedAgain: Readonly<Record<string, readonly string[]>> = {
  outbox: [
    "order 4 is placed",
    "an order was rolled back, and its event with it: the card was declined",
    "order 6 is placed",
    "mailer: event 4, order 4 was placed",
    "mailer: event 6, order 6 was placed",
  ],
  "several-consumers": [
    "two consumers",
    "  mailer: 5, 6",
    "  accountant: 6",
    "a third joins; it begins where its own cursor is, at first at the first event",
    "  mailer: 7, 8",
    "  accountant: 8",
    "  report: 5, 6, 7, 8",
    "nothing has happened since",
    "  mailer: nothing new",
    "  accountant: nothing new",
    "  report: nothing new",
  ],
  "dead-letter": [
    "paid alice",
    "gave up event 5: error 2",
    "paid carol",
    "error 2, event 5: Error: the account of bob is closed",
    "paid bob",
    "open errors: 0",
  ],
  "steer-a-consumer": [
    "paid alice",
    "payer is retrying: consumer payer failed at event 6 of type 1, with Error (see its cause); its cursor stays before it",
    "payer is at 5, 3 events behind",
    "paid carol",
    "paid dave",
    "skip event 6: obeyed",
    "paid carol",
    "paid dave",
    "go back to 6: obeyed",
    "ann: reset from 8 to 6, bank lost them, obeyed",
    "ann: skip from 5 to 6, closed account, obeyed",
  ],
  "custom-loader": ["event 3: Ada ordered for 42.00", "event 4: Bela ordered for 9.90"],
  "existing-tables": [
    expect.stringMatching(/^table audit_log can't be used: it has no column user: .+ in option timeColumn$/),
    "entry 3: ada logged in at 2024-06-01T12:00:00.000Z",
    "entry 4: ada logged out at (now)",
  ],
};

/** A wrong time zone is further off than this. */
const NEAR_MS = 10 * 60_000;

function withoutNow(line: string): string {
  return line.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) =>
    Math.abs(Date.parse(time) - Date.now()) < NEAR_MS ? "(now)" : time,
  );
}

beforeAll(async () => {
  examples = await ExamplePrograms.copy();
  mistakes = await examples.compile();
}, 60_000);

afterAll(async () => {
  await examples?.remove();
});

test("the examples compile against the package as it is installed, each by its own settings", async () => {
  // Catches an example that uses what is not exported, and one that nobody runs.
  expect(examples.names.toSorted()).toEqual(
    [...Object.keys(printedAgain), "graceful-shutdown", "sqlite-app", "unit-test-a-consumer"].toSorted(),
  );
  expect(mistakes).toEqual([]);
});

describeEachServer((engine) => {
  test.each(Object.entries(printedAgain))(
    "%s prints what its README says, and goes on where it was",
    async (name, again) => {
      // Catches an example that reads its events twice, leaves one out or does not end.
      await engine.createRawPool().then((pool) => pool.query("select 1"));
      const env = { DATABASE_URL: engine.url() };
      expect((await examples.run(name, env)).map(withoutNow)).toEqual(await examples.documented(name));
      expect((await examples.run(name, env)).map(withoutNow)).toEqual(again);
    },
  );

  test("graceful-shutdown finishes the handler at hand at SIGTERM and keeps its cursor", async () => {
    // Catches a shutdown that drops the handler at hand, loses its cursor, or leaves connections that keep it alive.
    const pool = await engine.createRawPool();
    await pool.query("select 1");
    const service = await examples.start("graceful-shutdown", { DATABASE_URL: engine.url(), PORT: "0" });
    const [, url = ""] = await service.printed(/listening on (\S+)/);
    const response = await fetch(url, { method: "POST" });
    expect([response.status, await response.text()]).toEqual([200, "order 1\n"]);
    await service.printed(/order 1: sending/);
    service.kill("SIGTERM");
    const [, ...lines] = await examples.documented("graceful-shutdown");
    expect((await service.ended()).slice(1)).toEqual(lines);
    const [rows] = await pool.query("select cast(last_event_id as char) as last from shutdown_cursors");
    expect(rows).toEqual([{ last: "1" }]);
  });
});
