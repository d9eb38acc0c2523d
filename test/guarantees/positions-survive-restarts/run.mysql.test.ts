import { createConsumer, run } from "reflex-rsql";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
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
  readonly seen: Reports<string>;
  readonly ended: Promise<void>;
}

/** Runs a consumer once, with the tables as a process has them that has just begun. */
function startMailer({ events, pool, cursors, cursorPool }: Place, toHead: boolean): Mailer {
  const seen = new Reports<string>();
  const stopping = new AbortController();
  const observer = { error: () => undefined };
  const ended = run(
    {
      stream: events.clone().toStream(pool),
      cursors: cursors.clone({ asyncPeriodMs: 20 }).toStore(cursorPool),
      consumer: createConsumer(MAILER, ({ foreignId }) => seen.add(foreignId)),
      options: { toHead },
    },
    { signal: stopping.signal, observer },
  );
  ended.catch(() => undefined);
  onTestFinished(async () => {
    stopping.abort("the test has ended");
    await ended.catch(() => undefined);
  });
  return { seen, ended };
}

describeEachServer((engine) => {
  beforeAll(() => {
    setFaultConfirmMs(CONFIRM_MS);
    setLookPeriodMs(50);
  });
  afterAll(() => {
    setFaultConfirmMs();
    setLookPeriodMs();
  });

  describe.each(tableChanges)("a table that was $name", (change) => {
    // Catches a start that knows its row by its number alone: the next nightly run would pass by what is new below it.
    test("while nobody ran, loses no event to the next run", async () => {
      const place = await openPlace(engine, change);
      await fill(place, change, async () => startMailer(place, true).ended);
      await changeTable(place, change);
      if (change.code === undefined) {
        const { seen, ended } = startMailer(place, true);
        await ended;
        expect(seen.all).toEqual((await addLater(place, change)).slice(0, -change.added[1]));
        return;
      }
      const fault = { code: change.code, details: { cursor: String(change.before) } };
      const first = startMailer(place, true);
      await expect(first.ended).rejects.toMatchObject(fault);
      // A row that is missing can't be accepted: without its position, the cursor would pass what comes under lower ids.
      const remedy = change.code === "history_rewritten" ? "to accept the table as it is: " : "then reset the consumer";
      await expect(first.ended).rejects.toThrow(remedy);
      const added = await addLater(place, change);
      const second = startMailer(place, false);
      await expect(second.ended).rejects.toMatchObject({ details: fault.details });
      expect([first.seen.all, second.seen.all]).toEqual([[], []]);
      expect(await resetByPerson(place, change, 0)).toMatchObject({ outcome: "forced" });
      const { seen, ended } = startMailer(place, true);
      await ended;
      expect(seen.all).toEqual(added);
    });

    // Catches a run at rest that takes no notice of what happens to the rows that it has read.
    test("ends a run that is at rest, which does not begin again by itself", async () => {
      const place = await openPlace(engine, change);
      let running: Mailer | undefined;
      await fill(place, change, async (count) => {
        running ??= startMailer(place, false);
        await running.seen.first((_foreignId, index) => index === count - 1);
        await expect.poll(() => writtenCursor(place), { timeout: 20_000 }).toBe(String(count));
      });
      await changeTable(place, change);
      await expect(running?.ended).rejects.toMatchObject({ name: "ReflexError" });
      expect(running?.seen.all).toHaveLength(change.before);
    });
  });
});

async function writtenCursor({ cursors, cursorPool }: Place): Promise<string | undefined> {
  return (await cursors.list(cursorPool)).find(({ consumer }) => consumer === MAILER)?.cursor;
}
