import type { Pool } from "mysql2/promise";
import { CursorsTable, createConsumer, createTables, EventsTable, type HoldReport, run, runForever } from "reflex-rsql";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { setHoldTimes } from "../../../src/reflex/hold-times.ts";
import { setFaultConfirmMs } from "../../../src/tables/reader/confirm-time.ts";
import { describeEachServer } from "../../support/servers/engines.ts";
import { type Replication, startReplication } from "../../support/servers/replication.ts";
import { idRange, Reports } from "../../support/streams/gaps.ts";
import { insertEach } from "../../support/streams/streams.ts";

describeEachServer((engine) => {
  let replication: Replication;

  beforeAll(async () => {
    setFaultConfirmMs(100);
    setHoldTimes({ lookMs: 50, tellMs: 200 });
    replication = await startReplication(engine.vendor);
  });
  afterAll(async () => {
    setFaultConfirmMs();
    setHoldTimes();
    await replication[Symbol.asyncDispose]();
  });

  describe("a replica that lags for longer than a fault takes to be confirmed", () => {
    // Catches a lag taken for a lost history for good, and one that lets the consumer pass what the replica lacks.
    test.each([
      { kind: "whose primary is not named", name: "lag_unnamed", options: (): object => ({}) },
      { kind: "whose primary is named", name: "lag_named", options: (primary: Pool) => ({ gaps: { primary } }) },
    ])("$kind holds up its consumer, which then goes on by itself and misses nothing", async ({ name, options }) => {
      const [primary, replica] = [replication.primary.pool, replication.replica.pool];
      const events = new EventsTable(`${name}_events`);
      const cursors = new CursorsTable(`${name}_cursors`);
      await createTables(primary, [events, cursors]);
      await replication.caughtUp();
      await replication.stopApplying();
      await insertEach(primary, events, idRange(1, 5));
      const seen = new Reports<string>();
      const consumer = createConsumer("mailer", ({ foreignId }) => seen.add(foreignId));
      const store = (): ReturnType<CursorsTable["toStore"]> => cursors.clone().toStore(primary);
      await run({ stream: events.toStream(primary), cursors: store(), consumer, options: { toHead: true } });

      const [holds, stalls] = [new Reports<HoldReport>(), new Reports<unknown>()];
      const stopping = new AbortController();
      const reading = new EventsTable(events.name, { ...options(primary), observer: { stall: stalls.add } });
      const running = runForever(
        { stream: reading.toStream(replica), cursors: store(), consumer },
        { signal: stopping.signal, observer: { hold: holds.add } },
      );
      onTestFinished(async () => {
        stopping.abort("the test has ended");
        await running.catch(() => undefined);
      });
      // A named primary says that nothing is wrong, so that the stream only waits, and tells that as a stall.
      await Promise.race([holds.first((_report, index) => index === 1), stalls.first()]);
      await insertEach(primary, events, ["6"]);
      await replication.startApplying();
      await seen.first((foreignId) => foreignId === "6");
      expect(seen.all).toEqual(idRange(1, 6));
      // The cursor is moved past the event after that.
      await expect.poll(() => running.status().state).toBe("waiting");
    });
  });
});
