import type { Scenario } from "../scenario.ts";
import type { ConsumerProcess } from "../stage/consumer-process.ts";
import { onSocket } from "../stage/on-socket.ts";

const KILLS = 9;
const WRITER_KILLS = 3;

export const killProcess: Scenario = {
  name: "kill-process",
  about: "kill -9 of consumers, and of writers, in the midst of their work; each is started again at once",
  least: { events: 3000, faults: { "consumer killed": KILLS, "writer killed": WRITER_KILLS } },
  timesInLong: 3,
  play: async (stage) => {
    const database = onSocket(await stage.startServer());
    const consumers = [
      stage.startConsumer({ name: "mysql2", database }),
      stage.startConsumer({ name: "mariadb", driver: "mariadb", database }),
      stage.startConsumer({ name: "slow", database, handleMs: 2 }),
    ];
    let writer = stage.startWriter({ database, perSecond: 300 });
    const kill = async (victim: ConsumerProcess | "writer"): Promise<void> => {
      if (victim === "writer") {
        await writer.kill();
        stage.fault("writer killed");
        writer = stage.startWriter({ database, perSecond: 300 });
        return;
      }
      const before = victim.delivered.length;
      // At work: a process that has just started is not what this is about.
      await stage.until(`${victim.name} at work`, () => victim.delivered.length > before + stage.between(1, 40));
      await victim.kill();
      stage.fault("consumer killed");
      victim.start();
    };
    const victims = Array.from(
      { length: KILLS * stage.times },
      (_, index) => consumers[index % consumers.length] ?? "writer",
    );
    const writers = Array.from({ length: WRITER_KILLS * stage.times }, () => "writer" as const);
    for (const victim of stage.shuffled([...victims, ...writers])) {
      // Some are killed before their first cursor is written, after 5 s, and some long after it.
      await stage.untilAcknowledged(stage.between(250, 700));
      await kill(victim);
    }
  },
};
