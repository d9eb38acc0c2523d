import { createPool as createMariadbPool } from "mariadb";
import { createPool } from "mysql2/promise";
import { createTables, type DatabaseHandle, type EventStream, EventsTable } from "reflex-rsql";
import { expect, test } from "vitest";
import { connectionCounts, untilConnected } from "../../../test/support/servers/connection-counts.ts";
import { describeEachEngine } from "../../../test/support/servers/engines.ts";
import { DATABASE, startServerWithPools } from "../../../test/support/servers/server-with-pools.ts";
import { leaveGap } from "../../../test/support/streams/gaps.ts";
import { take } from "../../../test/support/streams/streams.ts";

const TABLES = 8;
const ROLLBACKS = 10;
// One that reads, one that listens for commits, three that look at gaps at most, and two that insert noops; as many again
// for those that were given back.
const MOST_CONNECTIONS = 14;

describeEachEngine((engine) => {
  // Catches sessions that each table has for itself: those of several tables would be opened anew at each gap.
  test("many tables with rollbacks open few connections, and cut none off", async () => {
    await using scene = await startServerWithPools({ vendor: engine.vendor });
    const { server } = scene;
    const options = { socketPath: server.socketPath, user: "root", database: DATABASE, connectionLimit: 20 };
    const pool = engine.driver === "mysql2" ? createPool(options) : createMariadbPool({ ...options, minimumIdle: 0 });
    const writers = scene.openPool({ connectionLimit: TABLES });
    const watch = scene.openPool({ connectionLimit: 1 });
    const tables = Array.from({ length: TABLES }, (_, index) => new EventsTable(`events_${index}`));
    await createTables(writers, tables);
    const streams = tables.map((table): [EventsTable, EventStream] => [
      table,
      table.stream(pool as DatabaseHandle, ""),
    ]);

    const rounds = async (count: number): Promise<void> => {
      const rollBack = async ([table, stream]: [EventsTable, EventStream]): Promise<void> => {
        for (let round = 0; round < count; round++) {
          await leaveGap(writers, table);
          await table.insert(writers, "kept", 1);
          await take(stream, 1);
        }
      };
      await Promise.all(streams.map(rollBack));
    };
    // The writers' connections are open after this.
    await rounds(1);
    const before = await connectionCounts(watch);
    await rounds(ROLLBACKS);
    const { made } = await connectionCounts(watch);
    expect(made - before.made).toBeLessThanOrEqual(MOST_CONNECTIONS);

    await Promise.all(streams.map(([, stream]) => stream.close()));
    await pool.end();
    await writers.end();
    await untilConnected(watch, 1);
    expect((await connectionCounts(watch)).aborted).toBe(0);
  });
});
