import { describe, expect, test } from "vitest";
import { startCrashPlace } from "../../support/servers/crash-place.ts";
import { describeEachServer } from "../../support/servers/engines.ts";
import { insertEach, take, takeEvents } from "../../support/streams/streams.ts";

describeEachServer((engine) => {
  describe("a server that loses what it had shown", () => {
    // Catches a stream that goes on at its cursor: the new events, which get the lost ones' ids, would be skipped.
    test("ends the stream that had read it, and new events are delivered to the one that had not", async ({ skip }) => {
      // The log is written once a second: what committed since is lost with the process.
      const flags = ["--skip-log-bin", "--innodb-flush-log-at-trx-commit=0"];
      await using place = await startCrashPlace(engine.vendor, flags);
      const { pool, table } = place;
      await insertEach(pool, table, ["a", "b", "c"]);
      const [fast, slow] = [table.stream(pool, ""), table.stream(pool, "")];
      expect(await take(slow, 3)).toEqual(["1", "2", "3"]);
      await pool.query("set global innodb_flush_log_at_trx_commit = 1");
      await pool.query("create table flushed (id int)");
      await pool.query("set global innodb_flush_log_at_trx_commit = 0");
      expect(await take(fast, 3)).toEqual(["1", "2", "3"]);
      await insertEach(pool, table, ["lost", "lost", "lost", "lost", "lost"]);
      expect(await take(fast, 5)).toEqual(["4", "5", "6", "7", "8"]);
      const end = fast.next();
      await place.crash();
      const writer = await place.restart();
      const [rows] = (await writer.query("select count(*) as kept from events")) as unknown as [{ kept: number }[]];
      if (rows[0]?.kept === 8) skip("the server had written its log before it was killed");
      await expect(end).rejects.toMatchObject({ code: "cursor_ahead", details: { cursor: "8" } });
      await table.insert(writer, "new", 1);
      const [next] = await takeEvents(slow, 1);
      expect(next).toMatchObject({ foreignId: "new" });
      await slow.close();
    });
  });
});
