import { setTimeout as delay } from "node:timers/promises";
import { type Connection, createConnection } from "mysql2/promise";
import { onSocket } from "../../faults/stage/on-socket.ts";
import { now } from "../../faults/stage/place.ts";
import { DATABASE, type ServerWithPools } from "../../support/servers/server-with-pools.ts";
import { TOLD_WITHIN_MS } from "../judging/judge-wait.ts";
import type { SilenceStage } from "../stage/silence-stage.ts";
import type { SilentReader } from "../stage/silent-reader.ts";
import type { Way } from "../way.ts";

const TRY_EVERY_MS = 5;
const ROUNDS = 4;
const UPS = 3;
const UP_MS = 300;
const down = {
  reasons: ["unreachable"],
  errors: /unreachable|ECONNREFUSED|ENOENT|ECONNRESET|EPIPE|connection|socket|shutdown/i,
};

export const serverKilled: Way = {
  name: "server-killed",
  about: "kill -9 of the server, which starts again after 1 to 30 s",
  ...down,
  play: (stage) =>
    eachOutage(stage, async (server, round) => {
      await delay(stage.short ? stage.obstacleMs : outageMs(stage, round));
      return start(server);
    }),
};

export const serverUpAndDown: Way = {
  name: "server-up-and-down",
  about: "kill -9 of the server, which comes and is killed again three times before it stays",
  ...down,
  play: (stage) =>
    eachOutage(stage, async (server) => {
      for (let up = 0; up < UPS; up++) {
        await delay(500 + 2000 * stage.random());
        const { connection } = await start(server);
        connection.destroy();
        await delay(UP_MS);
        await server.server.crash();
      }
      await delay(500 + 2000 * stage.random());
      return start(server);
    }),
};

interface Started {
  /** When it took the first login. */
  readonly at: number;
  readonly connection: Connection;
}

/** How long the server is away: in each round from another quarter of 1 to 30 s. */
function outageMs({ random }: SilenceStage, round: number): number {
  return 1000 + ((round + random()) / ROUNDS) * 29_000;
}

/** Kills the server and has it come back, a few readers being told of some outages rather than many of one. */
async function eachOutage(
  stage: SilenceStage,
  comeBack: (server: ServerWithPools, round: number) => Promise<Started>,
): Promise<void> {
  const server = await stage.startServer();
  const rounds = stage.short ? 1 : ROUNDS;
  const count = Math.max(1, Math.ceil(stage.tries / rounds));
  const readers = await stage.openReaders({ database: onSocket(server), count });
  for (let round = 0; round < rounds; round++) {
    await server.server.crash();
    const beganAt = now();
    const { at: clearedAt, connection } = await comeBack(server, round);
    const foreignId = `after${round}`;
    for (const reader of readers) await reader.insert(connection, foreignId);
    connection.destroy();
    const mustBeTold = clearedAt - beganAt >= TOLD_WITHIN_MS;
    await Promise.all(readers.map((reader) => stage.judge(reader, { beganAt, clearedAt, foreignId, mustBeTold })));
    await settled(stage, readers);
  }
  await stage.finish();
}

function settled(stage: SilenceStage, readers: readonly SilentReader[]): Promise<boolean> {
  return stage.reaches("all delivered", () => readers.every(({ isAllDelivered }) => isAllDelivered));
}

async function start({ server }: ServerWithPools): Promise<Started> {
  const [login] = await Promise.all([firstLogin(server.socketPath), server.restart()]);
  return login;
}

async function firstLogin(socketPath: string): Promise<Started> {
  for (;;) {
    try {
      const connection = await createConnection({ socketPath, user: "root", database: DATABASE });
      return { connection, at: now() };
    } catch {
      await delay(TRY_EVERY_MS);
    }
  }
}
