import { setTimeout as delay } from "node:timers/promises";
import { inMemoryNotifier, type PollReport } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { seededNumbers } from "../../support/random/seeded-numbers.ts";
import { describeEachServer } from "../../support/servers/engines.ts";
import { idRange, Reports } from "../../support/streams/gaps.ts";
import { makeTable, take } from "../../support/streams/streams.ts";

/** Lets a random time pass: none, a turn of the event loop, or up to 4 ms. */
async function someTime(random: () => number): Promise<void> {
  const choice = random();
  if (choice < 0.3) return;
  if (choice < 0.6) await new Promise((resolve) => setImmediate(resolve));
  else await delay(random() * 4);
}

describeEachServer((engine) => {
  describe("a stream that only inserts of its process wake", () => {
    // Catches a poll that begins before the stream listens, and a wake-up that is forgotten while a poll is under way.
    test("is woken by each of 500 inserts at random moments, though its backoff is ten minutes", async () => {
      const pool = await engine.createRawPool();
      const table = await makeTable(pool, { wake: false, backoffMs: 600_000 });
      const stream = table.stream(pool, "");
      await stream.start();
      const random = seededNumbers();
      const delivered: string[] = [];
      for (let round = 0; round < 250; round++) {
        const pending = take(stream, 2);
        const inserting = [0, 1].map(async () => {
          await someTime(random);
          await table.insert(pool, "x", 1);
        });
        await Promise.all(inserting);
        delivered.push(...(await pending));
        await someTime(random);
      }
      expect(delivered).toEqual(idRange(1, 500));
      await stream.close();
    });
  });

  describe("a stream whose events come from elsewhere", () => {
    // Catches a timer of the shared look that each wait of another table at its head sets anew, so that it never fires.
    test("is woken while another table of its database is told of events all the time", async () => {
      const pool = await engine.createRawPool();
      const notifier = inMemoryNotifier();
      const polls = new Reports<PollReport>();
      const wake = { hotMs: 100, idleMs: 100 };
      const busy = await makeTable(pool, { wake, notifier, observer: { poll: polls.add } });
      const quiet = await makeTable(pool, { wake, backoffMs: 600_000 });
      const [busyStream, quietStream] = [busy.stream(pool, ""), quiet.stream(pool, "")];
      await quietStream.start();
      const [arrived, ended] = [take(quietStream, 1), busyStream.next()];
      const ringing = setInterval(() => notifier.notify(), 1);
      await polls.first(() => polls.all.length > 100);
      await quiet.clone().insert(pool, "elsewhere", 1);
      expect(await arrived).toEqual(["1"]);
      clearInterval(ringing);
      await Promise.all([busyStream.close(), quietStream.close(), ended]);
    });
  });
});
