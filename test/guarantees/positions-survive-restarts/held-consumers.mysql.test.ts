import { createConsumer, type HoldReport, type Running, runForever } from "reflex-rsql";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { setHoldTimes } from "../../../src/reflex/hold-times.ts";
import { setLookPeriodMs } from "../../../src/tables/cursors/look-period.ts";
import { setFaultConfirmMs } from "../../../src/tables/reader/confirm-time.ts";
import { MAILER, openPlace, type Place, tableChanges } from "../../support/runs/changed-tables.ts";
import { describeEachServer, type Engine } from "../../support/servers/engines.ts";
import { idRange, Reports } from "../../support/streams/gaps.ts";
import { insertEach } from "../../support/streams/streams.ts";

const CONFIRM_MS = 200;

interface Held extends Place {
  readonly holds: Reports<HoldReport>;
  readonly seen: Reports<string>;
  readonly running: Running;
}

/** A consumer that has read five events and is held, since the fifth is another one now; a sixth is there. */
async function hold(engine: Engine): Promise<Held> {
  const [change] = tableChanges;
  if (change === undefined) expect.unreachable();
  const place = await openPlace(engine, change);
  const { pool, events, cursors } = place;
  await insertEach(pool, events, idRange(1, 5));
  const [holds, seen] = [new Reports<HoldReport>(), new Reports<string>()];
  const stopping = new AbortController();
  const running = runForever(
    {
      stream: events.toStream(pool),
      cursors: cursors.toStore(pool),
      consumer: createConsumer(MAILER, ({ foreignId }) => seen.add(foreignId)),
    },
    { signal: stopping.signal, observer: { hold: holds.add } },
  );
  onTestFinished(async () => {
    stopping.abort("the test has ended");
    await running.catch(() => undefined);
  });
  await seen.first((foreignId) => foreignId === "5");
  await pool.query(`create table ${events.name}_kept as select * from ${events.name} where id = 5`);
  await pool.query(`update ${events.name} set foreign_id = 'another' where id = 5`);
  await holds.first();
  await insertEach(pool, events, ["6"]);
  return { ...place, holds, seen, running };
}

describeEachServer((engine) => {
  beforeAll(() => {
    setFaultConfirmMs(CONFIRM_MS);
    setHoldTimes({ lookMs: 50, tellMs: 200 });
    setLookPeriodMs(50);
  });
  afterAll(() => {
    setFaultConfirmMs();
    setHoldTimes();
    setLookPeriodMs();
  });

  describe("a consumer that is held", () => {
    // Catches a statement in the error's text that does nothing, or that does not work on this server.
    test("goes on at its cursor when a person runs the statement that its error names", async () => {
      const { pool, holds, seen } = await hold(engine);
      const { message } = await holds.first();
      const [, statement = ""] = /, or run: (update .* where `id` = 'mailer')/.exec(message) ?? [];
      await pool.query(statement);
      await seen.first((foreignId) => foreignId === "6");
      expect(seen.all).toEqual(idRange(1, 6));
    });

    // Catches a reset to where the cursor is that changes nothing, so that nobody sees it.
    test("goes on at its cursor when a person resets it to the id at which it is", async () => {
      const { pool, cursors, events, seen } = await hold(engine);
      const change = await cursors.clone().reset(pool, MAILER, { to: "5", events, waitMs: 20_000 });
      expect(change).toMatchObject({ outcome: "obeyed" });
      await seen.first((foreignId) => foreignId === "6");
      expect(seen.all).toEqual(idRange(1, 6));
    });

    // Catches a hold that needs a person though the table is what it was; one that takes another row for it.
    test("goes on by itself when its row is restored, and not when some other row is there", async () => {
      const { pool, events, holds, seen, running } = await hold(engine);
      await pool.query(`update ${events.name} set foreign_id = 'yet another' where id = 5`);
      await holds.first((_report, index) => index === 3);
      await pool.query(`delete from ${events.name} where id = 5`);
      await holds.first((_report, index) => index === 5);
      expect([holds.all.map(({ state }) => state), running.status().state]).toEqual([
        holds.all.map(() => "held"),
        "hold",
      ]);
      await pool.query(`insert into ${events.name} select * from ${events.name}_kept`);
      await seen.first((foreignId) => foreignId === "6");
      expect(holds.all.at(-1)).toMatchObject({ state: "released", cursor: "5" });
      expect(seen.all).toEqual(idRange(1, 6));
    });
  });
});
