import type { Pool } from "mysql2/promise";
import { type Replication, startReplication } from "../../support/servers/replication.ts";
import { startServerWithPools } from "../../support/servers/server-with-pools.ts";
import { startTcpProxy } from "../../support/servers/tcp-proxy.ts";
import type { Scenario } from "../scenario.ts";
import type { ConsumerProcess } from "../stage/consumer-process.ts";
import { onSocket, through } from "../stage/on-socket.ts";
import { type OtherHistory, untilHeldOrDoneThenReset, untilHeldThenReset } from "../stage/other-history.ts";
import type { Database } from "../stage/place.ts";
import type { Stage } from "../stage/stage.ts";

const REPLICATED = 200;
const LOST_TAIL = 100;
const NEW_FIRST = 250;
const NEW_LATER = 50;
const EVENTS = REPLICATED + LOST_TAIL + NEW_FIRST + NEW_LATER;
const FAULT = "primary killed";
const TAG = "new";

export const failoverWithCursors: Scenario = {
  name: "failover-lost-tail",
  about:
    "the primary dies with events that its replica never got; their ids are given again; cursors in the same database",
  least: { events: EVENTS, faults: { [FAULT]: 1 } },
  removed: "any",
  holds: "may",
  play: async (stage) => {
    const replication = stage.use(await startReplication(stage.vendor));
    await playFailover(stage, replication, {
      cursors: replication.primary.pool,
      settle: (other) =>
        untilHeldOrDoneThenReset(stage, { ...other, cursors: replication.replica.pool }, replication.replica.pool),
    });
  },
};

export const failoverCursorsApart: Scenario = {
  name: "failover-cursors-apart",
  about: "as failover-lost-tail, with the cursors on another server, which does not fail",
  least: { events: EVENTS, faults: { [FAULT]: 1 } },
  removed: "any",
  holds: "must",
  play: async (stage) => {
    const replication = stage.use(await startReplication(stage.vendor));
    const apart = stage.use(await startServerWithPools({ vendor: stage.vendor, durable: true }));
    await stage.createTables(apart.pool);
    await playFailover(stage, replication, {
      cursors: apart.pool,
      cursorDatabase: onSocket(apart),
      settle: (other) => untilHeldThenReset(stage, other),
    });
  },
};

interface Failover {
  /** Where cursors are before the failover. */
  readonly cursors: Pool;
  readonly cursorDatabase?: Database;
  readonly settle: (other: OtherHistory) => Promise<void>;
}

async function playFailover(stage: Stage, replication: Replication, failover: Failover): Promise<void> {
  const { primary, replica } = replication;
  const { cursors, cursorDatabase } = failover;
  await stage.createTables(primary.pool);
  // What a failover moves: a name or an address, by which programs reach whoever is the primary.
  const address = stage.use(await startTcpProxy(primary.server.socketPath));
  const database = through(address);
  const consumers = [
    stage.startConsumer({ name: "running", database, cursorDatabase }),
    stage.startConsumer({ name: "down", driver: "mariadb", database, cursorDatabase }),
  ];
  const [running, down] = consumers as [ConsumerProcess, ConsumerProcess];
  const first = stage.startWriter({ tag: "old", database });
  await stage.untilAcknowledged(REPLICATED);
  await first.stop();
  await replication.caughtUp();
  await replication.disconnect();
  const shared = await stage.lastId(primary.pool);
  // Slowly: until the cursors are written, which takes some seconds, and yet not more than is soon written again.
  const writer = stage.startWriter({ tag: "tail", database, perSecond: 20 });
  await stage.untilAcknowledged(LOST_TAIL);
  await stage.until("the tail delivered and its cursors written", async () => {
    const written = await Promise.all(consumers.map(({ name }) => stage.cursor(cursors, name)));
    return written.every((cursor) => Number(cursor) > Number(shared));
  });
  await down.stop();
  await primary.server.crash();
  stage.fault(FAULT);
  await writer.stop();
  const common = await stage.lastId(replica.pool);
  await replication.promote();
  address.pointTo(replica.server.socketPath);
  address.cut();
  stage.pool = replica.pool;
  const next = stage.startWriter({ tag: TAG, database });
  await stage.untilAcknowledged(NEW_FIRST);
  const passed = Math.max(...consumers.map(({ delivered }) => Number(delivered.at(-1)?.id)));
  await stage.until("ids given again", async () => Number(await stage.lastId(replica.pool)) > passed);
  down.start();
  await stage.untilAcknowledged(NEW_LATER);
  await failover.settle({ consumers: [running, down], tag: TAG, common, cursors });
  await next.stop();
}
