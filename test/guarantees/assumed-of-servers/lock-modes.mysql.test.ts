import { createTables, EventsTable } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { describeEachServer } from "../../support/servers/engines.ts";
import { untilRunning } from "../../support/servers/server-state.ts";
import { startServerWithPools } from "../../support/servers/server-with-pools.ts";
import { eventIds, leaveGap, noopIds } from "../../support/streams/gaps.ts";
import { insertMany, take } from "../../support/streams/streams.ts";

describeEachServer((engine) => {
  describe.each([0, 1, 2])("with innodb_autoinc_lock_mode = %i", (mode) => {
    // Catches ids that an INSERT .. SELECT has reserved, or holds under its lock, being taken for those of a rollback.
    test("an INSERT .. SELECT, other inserts meanwhile and gaps before and after it lose nothing", async () => {
      const flags = [`--innodb-autoinc-lock-mode=${mode}`];
      await using server = await startServerWithPools({ vendor: engine.vendor, flags });
      const { pool } = server;
      const table = new EventsTable("events", { gaps: { graceMs: 0 } });
      const source = new EventsTable("source");
      await createTables(pool, [table, source]);
      await insertMany(pool, source, 20);
      await leaveGap(pool, table);
      await table.insert(pool, "before", 1);
      const bulk = pool.query(
        `insert into events (foreign_id, timestamp, type) select foreign_id, utc_timestamp(6), 1 + sleep(0.03) from source`,
      );
      await untilRunning(pool, { state: "user sleep" });
      // Meets the gap before the statement, whose noop may have to wait for the statement's lock.
      const stream = table.stream(pool, "");
      const delivered = take(stream, 27);
      const others = Promise.all(Array.from({ length: 5 }, () => table.insert(pool, "meanwhile", 1)));
      await bulk;
      const acknowledged = (await others).map(({ eventId }) => eventId);
      await leaveGap(pool, table, 3);
      const last = await table.insert(pool, "after", 1);
      const ids = await delivered;
      expect(ids).toEqual(await eventIds(pool, table));
      expect(ids).toHaveLength(27);
      expect(ids).toEqual(expect.arrayContaining([...acknowledged, last.eventId]));
      expect(await noopIds(pool, table)).toContain("1");
      await stream.close();
    });
  });
});
