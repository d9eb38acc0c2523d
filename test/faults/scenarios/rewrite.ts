import type { Pool } from "mysql2/promise";
import type { ServerWithPools } from "../../support/servers/server-with-pools.ts";
import type { Scenario } from "../scenario.ts";
import type { ConsumerProcess } from "../stage/consumer-process.ts";
import { onSocket } from "../stage/on-socket.ts";
import { untilHeldThenReset } from "../stage/other-history.ts";
import type { Stage } from "../stage/stage.ts";

/** What a fault does to the history of the events table of one server. */
export interface Rewrite {
  readonly name: string;
  readonly about: string;
  /** The kind under which the fault is counted. */
  readonly fault: string;
  /**
   * Called when half of the old events are written. Resolves with what does the fault after the other half, and resolves with
   * the last id that the old history and the new one share; "start" if there is none.
   */
  readonly prepare: (stage: Stage, server: ServerWithPools) => Promise<() => Promise<string>>;
  /** How many events to write after it, before and while consumers must hold. */
  readonly newEvents: readonly [number, number];
  readonly missing?: Scenario["missing"];
}

const EVENTS_BEFORE = 150;
const TAG = "new";

/** A scenario in which consumers have passed events that the table no longer has: one that runs, and one that is down meanwhile. */
export function rewriteScenario(rewrite: Rewrite): Scenario {
  const { name, about, fault, missing, newEvents } = rewrite;
  return {
    name,
    about,
    ...(missing === undefined ? {} : { missing }),
    least: { events: 2 * EVENTS_BEFORE + newEvents[0] + newEvents[1], faults: { [fault]: 1 } },
    removed: "any",
    holds: "must",
    play: async (stage) => {
      const server = await stage.startServer();
      const database = onSocket(server);
      const running = stage.startConsumer({ name: "running", database });
      const down = stage.startConsumer({ name: "down", driver: "mariadb", database });
      const consumers = [running, down];
      await write(stage, server, { tag: "old1", events: EVENTS_BEFORE });
      const doFault = await rewrite.prepare(stage, server);
      await write(stage, server, { tag: "old2", events: EVENTS_BEFORE });
      await stage.until("all old events delivered", () => stage.isAllDelivered());
      await down.stop();
      await untilCursorsWritten(stage, server.pool, [running]);
      const common = await doFault();
      stage.fault(fault);
      await write(stage, server, { tag: `${TAG}1`, events: newEvents[0] });
      down.start();
      const more = write(stage, server, { tag: `${TAG}2`, events: newEvents[1] });
      await untilHeldThenReset(stage, { consumers, tag: TAG, common, cursors: server.pool });
      await more;
      await write(stage, server, { tag: `${TAG}3`, events: 20 });
    },
  };
}

interface Load {
  readonly tag: string;
  readonly events: number;
}

/** Resolves once at least so many events are written, and no more are under way. */
export async function write(stage: Stage, server: ServerWithPools, { tag, events }: Load): Promise<void> {
  const writer = stage.startWriter({ tag, database: onSocket(server) });
  await stage.until(`${events} events of ${tag} written`, () => writer.acknowledged.length >= events);
  await writer.stop();
}

/** Resolves once these consumers' cursors are at the last event that each was given. */
export async function untilCursorsWritten(
  stage: Stage,
  cursors: Pool,
  consumers: readonly ConsumerProcess[],
): Promise<void> {
  for (const consumer of consumers) {
    await stage.until(`the cursor of ${consumer.name} written`, async () => {
      const cursor = await stage.cursor(cursors, consumer.name);
      return cursor !== "" && cursor === consumer.delivered.at(-1)?.id;
    });
  }
}
