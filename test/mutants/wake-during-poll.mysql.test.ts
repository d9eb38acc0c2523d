import { inMemoryNotifier } from "reflex-rsql";
import { expect, test } from "vitest";
import { describeEachServer } from "../support/servers/engines.ts";
import { makeTable, nothingWithin, take } from "../support/streams/streams.ts";

describeEachServer((engine) => {
  // Catches a stream that begins to listen when its poll is over: what was committed meanwhile would wait for the next
  // event, or for `backoffMs`.
  test("a stream that is woken during a poll polls again at once", async () => {
    const pool = await engine.createRawPool();
    const notifier = inMemoryNotifier();
    let onPoll = (): void => undefined;
    const table = await makeTable(pool, {
      notifier,
      wake: false,
      backoffMs: 600_000,
      observer: { poll: () => onPoll() },
    });
    const stream = table.stream(pool, "");
    await stream.start();
    const polledAgain = new Promise<string>((resolve) => {
      // Called between the server's answer and what the stream makes of it.
      onPoll = () => {
        onPoll = () => resolve("polled again");
        notifier.notify();
      };
    });
    const pending = take(stream, 1);
    expect(await Promise.race([polledAgain, nothingWithin(4000)])).toBe("polled again");
    await table.insert(pool, "a", 1);
    expect(await pending).toEqual(["1"]);
    await stream.close();
  });
});
