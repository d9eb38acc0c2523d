import { setTimeout as delay } from "node:timers/promises";
import { type LossyNetwork, lossyNetworkMissing, makeLossyNetwork } from "../../support/servers/lossy-network.ts";
import { DATABASE } from "../../support/servers/server-with-pools.ts";
import type { Scenario } from "../scenario.ts";
import type { Stage } from "../stage/stage.ts";

const SHORT_LOSSES = 10;
const LONG_LOSSES = 2;
const USER = "faults";

export const lostPackets: Scenario = {
  name: "lost-packets",
  about: "packets are lost on the way to the server or back, for a moment or for seconds; nobody is told",
  least: { events: 700, faults: { "packets lost": SHORT_LOSSES + LONG_LOSSES } },
  timesInLong: 3,
  missing: lossyNetworkMissing,
  play: async (stage) => {
    const network = stage.use(await makeLossyNetwork());
    const { launcher, serverAddress } = network;
    const flags = [`--bind-address=${serverAddress}`, "--skip-name-resolve"];
    const { server, pool } = await stage.startServer({ port: true, flags });
    await pool.query(`create user ${USER}@'%'`);
    await pool.query(`grant all on ${DATABASE}.* to ${USER}@'%'`);
    const database = { host: serverAddress, port: server.port, user: USER, database: DATABASE };
    stage.startConsumer({ name: "mysql2", database, launcher });
    stage.startConsumer({ name: "mariadb", driver: "mariadb", database, launcher });
    stage.startWriter({ database, launcher, perSecond: 250 });
    await stage.untilAcknowledged(100);
    const short = Array.from({ length: SHORT_LOSSES * stage.times }, () => stage.between(50, 800));
    const long = Array.from({ length: LONG_LOSSES * stage.times }, () => stage.between(2000, 4000));
    for (const forMs of stage.shuffled([...short, ...long])) {
      await loseFor(stage, network, forMs);
      await stage.untilAcknowledged(stage.between(60, 120));
    }
  },
};

async function loseFor(stage: Stage, network: LossyNetwork, forMs: number): Promise<void> {
  const stop = await network.lose(stage.random() < 0.5 ? "to the server" : "to the client");
  await delay(forMs);
  await stop();
  stage.fault("packets lost");
}
