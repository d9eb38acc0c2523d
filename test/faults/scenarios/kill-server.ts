import type { Scenario } from "../scenario.ts";
import { onSocket } from "../stage/on-socket.ts";

const KILLS = 4;

export const killServer: Scenario = {
  name: "kill-server",
  about: "kill -9 of the server under load; it is started again on its data",
  least: { events: 1200, faults: { "server killed": KILLS } },
  timesInLong: 3,
  play: async (stage) => {
    const server = await stage.startServer();
    const database = onSocket(server);
    stage.startConsumer({ name: "mysql2", database });
    stage.startConsumer({ name: "mariadb", driver: "mariadb", database });
    stage.startWriter({ database, perSecond: 250 });
    for (let kill = 0; kill < KILLS * stage.times; kill++) {
      await stage.untilAcknowledged(stage.between(300, 800));
      await server.server.crash();
      stage.fault("server killed");
      await server.server.restart();
    }
    await stage.untilAcknowledged(400);
  },
};
