import type { PoolConnection } from "mysql2/promise";
import { inMemoryNotifier } from "reflex-rsql";
import { expect, test } from "vitest";
import { describeEachServer } from "../support/servers/engines.ts";
import { makeTable, nothingWithin, take } from "../support/streams/streams.ts";

describeEachServer((engine) => {
  // Catches a notify that does nothing, that is called before the commit, and one that wakes again at each call.
  test("a notify wakes the streams of its table after the commit of one's own transaction, at its first call only", async () => {
    const pool = await engine.createRawPool();
    const memory = inMemoryNotifier();
    let notified = 0;
    const notifier = {
      subscribe: (onWake: () => void) => memory.subscribe(onWake),
      notify: () => {
        notified += 1;
        memory.notify();
      },
    };
    const table = await makeTable(pool, { notifier, wake: false, backoffMs: 600_000 });
    const stream = table.stream(pool, "");
    await stream.start();
    const pending = take(stream, 1);
    const connection: PoolConnection = await pool.getConnection();
    await connection.beginTransaction();
    const notify = await table.insert(connection, "a", 1);
    await connection.commit();
    connection.release();
    expect(await Promise.race([pending, nothingWithin(300)])).toBe("nothing");
    expect(notified).toBe(0);
    notify();
    notify();
    expect(await pending).toEqual([notify.eventId]);
    expect(notified).toBe(1);
    await stream.close();
  });
});
