import type { Pool } from "mysql2/promise";
import type { Scenario } from "../scenario.ts";
import { onSocket } from "../stage/on-socket.ts";
import type { Stage } from "../stage/stage.ts";

const DROPS = 5;
const PARTITIONS = 100;
const ROWS = 400;
// Cursors are written every 5 s.
const LIMIT_MS = 60_000;

export const droppedPartitions: Scenario = {
  name: "dropped-partitions",
  about:
    "partitions of the events table that all cursors have passed are dropped under load; a consumer starts after one",
  least: { events: 1200, faults: { "partition dropped": DROPS, "consumer killed": 1 } },
  timesInLong: 3,
  removed: "passed",
  play: async (stage) => {
    const server = await stage.startServer();
    const database = onSocket(server);
    await partition(server.pool);
    stage.startConsumer({ name: "running", database });
    const restarted = stage.startConsumer({ name: "restarted", driver: "mariadb", database });
    const consumers = ["running", "restarted"];
    stage.startWriter({ database, perSecond: 250 });
    const drops = DROPS * stage.times;
    for (let drop = 1; drop <= drops; drop++) {
      const below = drop * ROWS;
      await stage.until(
        `cursors at ${below}`,
        () => havePassed(stage, { pool: server.pool, consumers, id: below }),
        LIMIT_MS,
      );
      const kills = drop % DROPS === 2;
      if (kills) await restarted.kill();
      await server.pool.query(`alter table events drop partition p${drop}`);
      stage.fault("partition dropped");
      if (!kills) continue;
      stage.fault("consumer killed");
      restarted.start();
    }
    await stage.untilAcknowledged(100);
  },
};

/** Partitions of so many ids each: p1 has those below `ROWS`. */
async function partition(pool: Pool): Promise<void> {
  const ranges = Array.from(
    { length: PARTITIONS },
    (_, index) => `partition p${index + 1} values less than (${(index + 1) * ROWS})`,
  );
  const all = [...ranges, "partition rest values less than maxvalue"].join(", ");
  await pool.query(`alter table events partition by range (id) (${all})`);
}

interface Passed {
  readonly pool: Pool;
  readonly consumers: readonly string[];
  readonly id: number;
}

/** Whether the cursors of these consumers, as they are written, are at the id or beyond. */
async function havePassed(stage: Stage, { pool, consumers, id }: Passed): Promise<boolean> {
  const cursors = await Promise.all(consumers.map((consumer) => stage.cursor(pool, consumer)));
  return cursors.every((cursor) => Number(cursor) >= id);
}
