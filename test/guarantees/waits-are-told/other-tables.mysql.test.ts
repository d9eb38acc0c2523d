import { inMemoryNotifier } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { describeEachServer } from "../../support/servers/engines.ts";
import { insertAroundGap, leaveGap } from "../../support/streams/gaps.ts";
import { quiet } from "../../support/streams/stalls.ts";
import { makeTable, take } from "../../support/streams/streams.ts";

describeEachServer((engine) => {
  describe.concurrent("a lock on one table does not hold up the streams of another, on the same pool:", () => {
    // Catches one connection for all reads, where the read that waits for the lock stands before those of other tables.
    test("while its reads wait", async () => {
      const pool = await engine.createRawPool();
      const locked = await makeTable(pool, { observer: quiet });
      // Nothing but a look or a wake-up by one that is late finds what another process inserts.
      const free = await makeTable(pool, { observer: quiet, backoffMs: 600_000 });
      const elsewhere = free.clone({ notifier: inMemoryNotifier() });
      await locked.insert(pool, "1", 1);
      const [held, other] = [locked.stream(pool, ""), free.stream(pool, "")];
      expect(await take(held, 1)).toEqual(["1"]);
      await free.insert(pool, "1", 1);
      expect(await take(other, 1)).toEqual(["1"]);
      const session = await pool.getConnection();
      await session.query(`lock tables ${locked.name} write`);
      const pending = take(held, 1);
      // Each of them is found while the lock is there: at rest, and at a gap.
      for (const id of ["2", "3", "4"]) {
        const next = take(other, 1);
        await elsewhere.insert(pool, id, 1);
        expect(await next).toEqual([id]);
      }
      await leaveGap(pool, free);
      await free.insert(pool, "6", 1);
      expect(await take(other, 1)).toEqual(["6"]);
      await session.query("unlock tables");
      session.release();
      await locked.insert(pool, "2", 1);
      expect(await pending).toEqual(["2"]);
      await Promise.all([held.close(), other.close()]);
    });

    // Catches one connection for the noops of all tables.
    test("while the noop at its gap waits", async () => {
      const pool = await engine.createRawPool();
      const [locked, free] = [await makeTable(pool, { observer: quiet }), await makeTable(pool, { observer: quiet })];
      await insertAroundGap(pool, locked);
      const session = await pool.getConnection();
      await session.query(`lock tables ${locked.name} read`);
      const [held, other] = [locked.stream(pool, "1"), free.stream(pool, "")];
      const pending = take(held, 1);
      await insertAroundGap(pool, free);
      expect(await take(other, 2)).toEqual(["1", "3"]);
      await session.query("unlock tables");
      session.release();
      expect(await pending).toEqual(["3"]);
      await Promise.all([held.close(), other.close()]);
    });
  });
});
