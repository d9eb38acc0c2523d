import type { StallReport } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import { describeEachServer } from "../../support/servers/engines.ts";
import { noopIds, Reports } from "../../support/streams/gaps.ts";
import { expectStall, isResumed, quiet } from "../../support/streams/stalls.ts";
import { makeTable, take } from "../../support/streams/streams.ts";

// Side by side: each of them waits for 5 s.
describeEachServer((engine) => {
  describe.concurrent("a stream says within 5 s that it waits for, and when it goes on after,", () => {
    // Catches a reader that takes the end of the client for the end of its transaction.
    test.for(["commit", "rollback"] as const)(
      "a prepared transaction whose client is gone, until its XA %s",
      async (end, context) => {
        const pool = await engine.createRawPool();
        const stalls = new Reports<StallReport>();
        const table = await makeTable(pool, { observer: { ...quiet, stall: stalls.add } });
        await table.insert(pool, "1", 1);
        const client = await pool.getConnection();
        const name = `'${table.name}_${end}'`;
        await client.query(`xa start ${name}`);
        await table.insert(client, "prepared", 1);
        await client.query(`xa end ${name}`);
        await client.query(`xa prepare ${name}`);
        client.destroy();
        context.onTestFinished(async () => {
          await pool.query(`xa rollback ${name}`).catch(() => undefined);
        });
        await table.insert(pool, "3", 1);
        const stream = table.stream(pool, "1");
        const pending = take(stream, end === "commit" ? 2 : 1);
        await stalls.first();
        expectStall(stalls, "in_flight", /commit it or end it/);
        await pool.query(`xa ${end} ${name}`);
        expect(await pending).toEqual(end === "commit" ? ["2", "3"] : ["3"]);
        await stalls.first(isResumed);
        expect(await noopIds(pool, table)).toEqual(end === "commit" ? [] : ["2"]);
        await stream.close();
      },
    );
  });
});
