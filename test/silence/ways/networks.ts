import { setTimeout as delay } from "node:timers/promises";
import { through } from "../../faults/stage/on-socket.ts";
import { now } from "../../faults/stage/place.ts";
import { lossyNetworkMissing, makeLossyNetwork } from "../../support/servers/lossy-network.ts";
import { DATABASE } from "../../support/servers/server-with-pools.ts";
import { startTcpProxy } from "../../support/servers/tcp-proxy.ts";
import type { ReaderWishes, SilenceStage } from "../stage/silence-stage.ts";
import type { SilentReader } from "../stage/silent-reader.ts";
import type { Way } from "../way.ts";
import { openGap } from "./obstacles.ts";

/** A way to the server that can be cut off in silence. */
interface Network extends Pick<ReaderWishes, "database" | "launcher"> {
  /** Resolves with what brings it back. */
  lose(): Promise<() => Promise<void>>;
}

type Place = "head" | "gap";

// An answer under way when the network went is still an answer.
const SETTLE_MS = 50;
const USER = "silence";
const unreachable = {
  reasons: ["unreachable"],
  errors: /unreachable|time_limit|does not answer|ETIMEDOUT|timed? ?out/i,
};

// The mariadb driver opens one connection at a time: it gives each a second, and waits half a second between two.
const MARIADB_MS = 1500;
const lostPackets = { ...unreachable, backWithinMs: { mysql2: 1000, mariadb: MARIADB_MS } };
// Each connection that is swallowed is replaced after a second, later after a sixteenth of the time that the server is away.
const swallowed = { ...unreachable, backWithinMs: { mysql2: 2000, mariadb: MARIADB_MS } };

export const blackHoleAtHead: Way = {
  name: "black-hole-at-head",
  about: "a stream at the head waits while connections, old and new, are in a black hole",
  ...swallowed,
  play: (stage) => lose(stage, proxied, "head"),
};

export const blackHoleAtGap: Way = {
  name: "black-hole-at-gap",
  about: "a gap's transaction ends while connections, old and new, are in a black hole",
  ...swallowed,
  play: (stage) => lose(stage, proxied, "gap"),
};

export const lostPacketsAtHead: Way = {
  name: "lost-packets-at-head",
  about: "a stream at the head waits while all packets to the server, or from it, are lost",
  ...lostPackets,
  missing: lossyNetworkMissing,
  play: (stage) => lose(stage, lossy, "head"),
};

export const lostPacketsAtGap: Way = {
  name: "lost-packets-at-gap",
  about: "a gap's transaction ends while all packets to the server, or from it, are lost",
  ...lostPackets,
  missing: lossyNetworkMissing,
  play: (stage) => lose(stage, lossy, "gap"),
};

/** Cuts the readers off for each of the times. */
async function lose(stage: SilenceStage, make: (stage: SilenceStage) => Promise<Network>, place: Place): Promise<void> {
  const network = await make(stage);
  const rounds = stage.lossesMs;
  const count = Math.max(1, Math.ceil(stage.tries / rounds.length));
  const readers = await stage.openReaders({ ...network, count });
  for (const [round, lastsMs] of rounds.entries()) {
    const foreignId = `kept${round}`;
    const gaps = place === "gap" ? await Promise.all(readers.map((reader) => openGap(stage, reader))) : [];
    const bringBack = await network.lose();
    await delay(SETTLE_MS);
    const beganAts = await Promise.all(readers.map((reader) => reader.insert(stage.pool, foreignId).then(now)));
    await Promise.all(gaps.map(({ open }) => open.rollback()));
    let back: Promise<number> | undefined;
    const clear = (): Promise<number> => (back ??= timed(bringBack));
    await Promise.all(
      readers.map((reader, index) =>
        stage.wait(reader, { beganAt: beganAts[index] ?? now(), foreignId, lastsMs, clear }),
      ),
    );
    await allDelivered(stage, readers);
  }
  await stage.finish();
}

function allDelivered(stage: SilenceStage, readers: readonly SilentReader[]): Promise<boolean> {
  return stage.reaches("all delivered", () => readers.every(({ isAllDelivered }) => isAllDelivered));
}

async function timed(bringBack: () => Promise<void>): Promise<number> {
  await bringBack();
  return now();
}

async function proxied(stage: SilenceStage): Promise<Network> {
  const { server } = await stage.startServer();
  const proxy = stage.use(await startTcpProxy(server.socketPath));
  return {
    database: through(proxy),
    lose: async () => {
      const end = proxy.blackHole();
      return async () => end();
    },
  };
}

async function lossy(stage: SilenceStage): Promise<Network> {
  const network = stage.use(await makeLossyNetwork());
  const { serverAddress: host, launcher } = network;
  const flags = [`--bind-address=${host}`, "--skip-name-resolve"];
  const { server } = await stage.startServer({ port: true, flags });
  await stage.pool.query(`create user ${USER}@'%'`);
  await stage.pool.query(`grant all on ${DATABASE}.* to ${USER}@'%'`);
  return {
    launcher,
    database: { host, port: server.port, user: USER, database: DATABASE },
    lose: () => network.lose(stage.random() < 0.5 ? "to the server" : "to the client"),
  };
}
