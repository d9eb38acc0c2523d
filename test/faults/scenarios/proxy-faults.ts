import { setTimeout as delay } from "node:timers/promises";
import { isPacket, isQuery, type PacketTest } from "../../support/servers/packet-tests.ts";
import { startTcpProxy, type TcpProxy } from "../../support/servers/tcp-proxy.ts";
import type { Scenario } from "../scenario.ts";
import { through } from "../stage/on-socket.ts";
import type { Stage } from "../stage/stage.ts";

const EACH = 4;
const kinds = ["cut", "cut before", "cut after", "held answer", "delay", "black hole"] as const;
type Kind = (typeof kinds)[number];

// A packet that is waited for comes soon, as long as there is load.
const PACKET_WITHIN_MS = 15_000;
const FURTHEST_PACKET = 100;

export const proxyFaults: Scenario = {
  name: "proxy-faults",
  about:
    "between writer, consumers and server: connections cut, at a chosen packet too; black holes; delays; answers held back",
  least: { events: 1400, faults: Object.fromEntries(kinds.map((kind) => [kind, EACH])) },
  timesInLong: 5,
  play: async (stage) => {
    const { server } = await stage.startServer();
    const [forWriter, forConsumers] = [
      stage.use(await startTcpProxy(server.socketPath)),
      stage.use(await startTcpProxy(server.socketPath)),
    ];
    stage.startConsumer({ name: "mysql2", database: through(forConsumers) });
    stage.startConsumer({ name: "mariadb", driver: "mariadb", database: through(forConsumers) });
    stage.startWriter({ database: through(forWriter), perSecond: 250 });
    await stage.untilAcknowledged(100);
    const planned = kinds.flatMap((kind) => Array.from({ length: EACH * stage.times }, () => kind));
    for (const [index, kind] of stage.shuffled(planned).entries()) {
      await doFault(
        stage,
        index % 2 === 0 ? { proxy: forWriter, commits: true } : { proxy: forConsumers, commits: false },
        kind,
      );
      stage.fault(kind);
      await stage.untilAcknowledged(stage.between(60, 120));
    }
  },
};

interface Target {
  readonly proxy: TcpProxy;
  /** Whether COMMIT passes through it all the time. */
  readonly commits: boolean;
}

async function doFault(stage: Stage, target: Target, kind: Kind): Promise<void> {
  const { proxy } = target;
  switch (kind) {
    case "cut":
      proxy.cut();
      return;
    case "cut before":
      return happens(stage, proxy.dropBeforeForwarding(aPacket(stage)));
    case "cut after":
      return happens(stage, proxy.dropAfterForwarding(aCommand(stage, target)));
    case "held answer":
      return holdAnswer(stage, target);
    case "delay":
      proxy.delay({ toServerMs: stage.between(0, 80), toClientMs: stage.between(0, 80) });
      await delay(stage.between(300, 800));
      proxy.delay({});
      return;
    case "black hole":
      return blackHole(stage, proxy);
  }
}

async function blackHole(stage: Stage, proxy: TcpProxy): Promise<void> {
  const end = proxy.blackHole();
  // The longest are those that nothing but the limits of the library's own ends.
  await delay(stage.long && stage.random() < 0.3 ? 70_000 : stage.between(300, 2000));
  end();
  proxy.cut();
}

async function holdAnswer(stage: Stage, target: Target): Promise<void> {
  const held = target.proxy.holdAnswer(aCommand(stage, target));
  await happens(stage, held);
  const answer = await held;
  await delay(stage.between(50, 1500));
  if (stage.random() < 0.5) answer.release();
  else answer.cut();
}

async function happens(stage: Stage, fault: Promise<unknown>): Promise<void> {
  let happened = false;
  void fault.then(() => (happened = true));
  await stage.until("a packet on which a fault waits", () => happened, PACKET_WITHIN_MS);
}

/** Some packet from now on, of whatever kind. */
function aPacket(stage: Stage): PacketTest {
  return isPacket(stage.between(1, FURTHEST_PACKET));
}

/** Some command from now on that is answered; often a COMMIT, since what becomes of one counts most. */
function aCommand(stage: Stage, { commits }: Target): PacketTest {
  const isSome = isPacket(stage.between(1, FURTHEST_PACKET / 2));
  const isWanted = commits && stage.random() < 0.5 ? isQuery("commit") : isQueryOrExecute;
  return (packet) => isWanted(packet) && isSome(packet);
}

const QUERY = 0x03;
const EXECUTE = 0x17;

function isQueryOrExecute([command]: Buffer): boolean {
  return command === QUERY || command === EXECUTE;
}
