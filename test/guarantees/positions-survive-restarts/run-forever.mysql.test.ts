import { createConsumer, type HoldReport, runForever } from "reflex-rsql";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { setHoldTimes } from "../../../src/reflex/hold-times.ts";
import { setLookPeriodMs } from "../../../src/tables/cursors/look-period.ts";
import { setFaultConfirmMs } from "../../../src/tables/reader/confirm-time.ts";
import {
  addLater,
  changeTable,
  fill,
  MAILER,
  openPlace,
  type Place,
  resetByPerson,
  tableChanges,
} from "../../support/runs/changed-tables.ts";
import { describeEachServer } from "../../support/servers/engines.ts";
import { Reports } from "../../support/streams/gaps.ts";

const CONFIRM_MS = 1000;

interface Mailer {
  readonly holds: Reports<HoldReport>;
  /** The foreign ids that were consumed. */
  readonly seen: Reports<string>;
}

/** Runs a consumer for ever, with the defaults of everything. */
function startMailer({ events, pool, cursors, cursorPool }: Place): Mailer {
  const [holds, seen] = [new Reports<HoldReport>(), new Reports<string>()];
  const stopping = new AbortController();
  const consumer = createConsumer(MAILER, ({ foreignId }) => seen.add(foreignId));
  const running = runForever(
    { stream: events.toStream(pool), cursors: cursors.toStore(cursorPool), consumer },
    { signal: stopping.signal, observer: { hold: holds.add, error: () => undefined } },
  );
  running.catch(() => undefined);
  onTestFinished(async () => {
    stopping.abort("the test has ended");
    await running.catch(() => undefined);
  });
  return { holds, seen };
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

  describe.each(tableChanges)("a table that was $name", (change) => {
    // Catches a run that starts again at its cursor after the fault, and passes by what is new below it.
    test("loses no event to a consumer that runs for ever", async () => {
      const place = await openPlace(engine, change);
      const { holds, seen } = startMailer(place);
      await fill(place, change, async (count) => {
        await seen.first((_foreignId, index) => index === count - 1);
        await place.cursors.flush();
      });
      await changeTable(place, change);
      if (change.code !== undefined) {
        const hold = await holds.first();
        expect(hold).toMatchObject({
          reason: "position_fault",
          cursor: String(change.before),
          error: { code: change.code },
        });
      }
      const added = await addLater(place, change);
      if (change.code !== undefined) {
        // It was looked at often enough by then.
        await holds.first((_report, index) => index === 3);
        expect([seen.all.length, holds.all.map(({ state }) => state)]).toEqual([
          change.before,
          holds.all.map(() => "held"),
        ]);
        expect(await resetByPerson(place, change)).toMatchObject({ outcome: "obeyed" });
      }
      await seen.first((_foreignId, index) => index === change.before + added.length - 1);
      expect(seen.all.slice(change.before)).toEqual(added);
    });
  });
});
