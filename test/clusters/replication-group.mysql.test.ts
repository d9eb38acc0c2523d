import { setTimeout as delay } from "node:timers/promises";
import type { Pool } from "mysql2/promise";
import type { EventsTable, StallReport } from "reflex-rsql";
import { describe, expect, test } from "vitest";
import {
  errorsOf,
  followToEnd,
  lostOf,
  newCounts,
  THE_END,
  writeTransactions,
} from "../support/clusters/cluster-load.ts";
import { describeCluster, isLong } from "../support/clusters/describe-cluster.ts";
import { startGroup } from "../support/clusters/group-replication.ts";
import { leaveGap, Reports } from "../support/streams/gaps.ts";
import { isResumed, quiet } from "../support/streams/stalls.ts";
import { makeTable, take } from "../support/streams/streams.ts";

const LOAD_MS = 15_000;
const LIMIT = { timeout: 180_000 };

async function insertBeyondGap(pool: Pool, table: EventsTable): Promise<void> {
  await leaveGap(pool, table);
  await table.insert(pool, "beyond", 1);
}

await describeCluster("Group Replication", () => {
  describe.runIf(isLong)("in its long form", () => {
    test(
      "a member that is killed is left out once it is expelled, and asked again once it is back",
      LIMIT,
      async () => {
        await using group = await startGroup(3);
        const [one, two, three] = group.nodes;
        if (!one || !two || !three) return expect.unreachable();
        const probe = [one.pool, two.pool, three.pool];
        const table = await makeTable(one.pool, { observer: quiet, gaps: { primary: one.pool, probe } });
        const stream = table.stream(one.pool, "");
        for (const crash of [true, false]) {
          if (crash) await three.crash();
          else await three.comeBack();
          await insertBeyondGap(two.pool, table);
          expect((await stream.next()).value).toMatchObject({ foreignId: "beyond" });
        }
        await stream.close();
      },
    );

    test("a reader whose member sees no majority holds and says so, until it does", LIMIT, async () => {
      await using group = await startGroup(3);
      const [one, two, three] = group.nodes;
      if (!one || !two || !three) return expect.unreachable();
      const stalls = new Reports<StallReport>();
      const table = await makeTable(one.pool, {
        observer: { ...quiet, stall: stalls.add },
        gaps: { primary: one.pool, probe: [one.pool, two.pool, three.pool] },
      });
      const stream = table.stream(one.pool, "");
      await table.insert(one.pool, "first", 1);
      await take(stream, 1);
      await insertBeyondGap(one.pool, table);
      for (const { pid } of [two, three]) process.kill(pid, "SIGSTOP");
      const pending = take(stream, 1);
      expect(["partitioned", "unreachable"]).toContain((await stalls.first()).reason);
      await stalls.first(({ reason }) => reason === "partitioned");
      for (const { pid } of [two, three]) process.kill(pid, "SIGCONT");
      expect(await pending).toHaveLength(1);
      await stalls.first(isResumed);
      await stream.close();
    });

    test("a stream goes on by itself once a group of one primary has elected another", LIMIT, async () => {
      await using group = await startGroup(3, { singlePrimary: true });
      const [one, two, three] = group.nodes;
      if (!one || !two || !three) return expect.unreachable();
      const table = await makeTable(one.pool, { observer: quiet, gaps: { primary: [one.pool, two.pool, three.pool] } });
      const stream = table.stream(three.openPool(), "");
      await insertBeyondGap(one.pool, table);
      await take(stream, 1);
      await group.elect(two);
      await insertBeyondGap(two.pool, table);
      const since = performance.now();
      expect(await take(stream, 1)).toHaveLength(1);
      console.log(`elected: the next event came after ${(performance.now() - since).toFixed(0)} ms`);
      await two.crash();
      await group.untilSize(three, 2);
      const elected = async (): Promise<boolean> => {
        const [next = two] = await group.primaries(three);
        return insertBeyondGap(next.pool, table).then(
          () => true,
          () => false,
        );
      };
      await expect.poll(elected, { timeout: 60_000 }).toBe(true);
      const killed = performance.now();
      expect(await take(stream, 1)).toHaveLength(1);
      console.log(
        `primary killed: the next event came ${(performance.now() - killed).toFixed(0)} ms after the new primary's`,
      );
      await stream.close();
    });

    test("under load on three primaries no event is lost", LIMIT, async () => {
      await using group = await startGroup(3);
      const [one] = group.nodes;
      if (!one) return expect.unreachable();
      const counts = newCounts();
      const probe = group.nodes.map(({ pool }) => pool);
      const table = await makeTable(one.pool, { observer: quiet, gaps: { primary: one.pool, probe } });
      const stream = table.stream(one.openPool(), "");
      const following = followToEnd(stream, counts);
      const stopping = new AbortController();
      const writers = group.nodes.map((node, index) =>
        writeTransactions(node.openPool(), table, { name: `node ${index}`, counts, signal: stopping.signal }),
      );
      await delay(LOAD_MS);
      stopping.abort();
      await Promise.all(writers);
      await expect
        .poll(() =>
          table.insert(one.pool, THE_END, 1).then(
            () => true,
            () => false,
          ),
        )
        .toBe(true);
      await following;
      console.log(`three primaries: ${errorsOf(counts)}, ${counts.acknowledged.length} events`);
      expect(lostOf(counts)).toEqual([]);
      expect(counts.outOfOrder).toBe(0);
      await stream.close();
    });
  });
});
