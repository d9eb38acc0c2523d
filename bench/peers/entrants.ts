import type { Pool } from "mysql2/promise";
import { type Contender, rateOf } from "../interleaved.ts";
import { bullMqPeer } from "./bullmq-peer.ts";
import { emmettPeer } from "./emmett-peer.ts";
import { natsPeer } from "./nats-peer.ts";
import { outboxPeer } from "./outbox-peer.ts";
import { installPackages } from "./packages.ts";
import { batches, type Delivery, type Peer } from "./peer.ts";

/** How a peer is started, and with how many events it is measured. */
export interface EntrantPlan {
  readonly title: string;
  /** Slow ones get fewer: rates are compared, and a round is to take seconds. */
  readonly count: number;
  readonly open: (pool: Pool) => Promise<Peer>;
}

/** For what delivers a million events a second. */
export const FAST = 300_000;

/** The title of what one would write without a library. */
export const OUTBOX = "polled outbox by hand";

export const plans: readonly EntrantPlan[] = [
  { title: OUTBOX, count: FAST, open: outboxPeer },
  { title: "BullMQ on Redis", count: 3000, open: afterInstall(bullMqPeer) },
  { title: "NATS JetStream", count: 50_000, open: afterInstall(natsPeer) },
  { title: "Emmett on PostgreSQL", count: 5000, open: afterInstall(emmettPeer) },
];

function afterInstall(open: () => Promise<Peer>): () => Promise<Peer> {
  return async () => {
    await installPackages();
    return open();
  };
}

/** The longest that one round of one peer may take. */
const ROUND_LIMIT_MS = 60_000;

/** A peer that takes part until it fails once: it must not keep the others from being measured. */
export class Entrant {
  readonly title: string;
  readonly peer: Peer | undefined;
  #failure: string | undefined;

  private constructor(title: string, peer: Peer | undefined) {
    this.title = title;
    this.peer = peer;
  }

  static async start({ title, open }: EntrantPlan, pool: Pool): Promise<Entrant> {
    try {
      return new Entrant(title, await open(pool));
    } catch (error) {
      const entrant = new Entrant(title, undefined);
      entrant.#failure = messageOf(error);
      return entrant;
    }
  }

  /** Why it was not measured. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Appends per second. */
  appending(count: number): Contender {
    return this.#contender(async (peer) => {
      await peer.prepareAppend();
      return rateOf(count, async () => {
        for (const events of batches(count)) await peer.append(events);
      });
    });
  }

  /** Deliveries per second, of all consumers together. */
  delivering(delivery: Delivery): Contender {
    return this.#contender(async (peer) => {
      await peer.prepareDelivery(delivery);
      let end = (): Promise<void> => Promise.resolve();
      const rate = await rateOf(delivery.count * delivery.consumers, async () => {
        end = await peer.deliver(delivery);
      });
      await end();
      return rate;
    });
  }

  async close(): Promise<void> {
    if (this.peer !== undefined) await within(10_000, this.peer.close()).catch(() => undefined);
  }

  #contender(measure: (peer: Peer) => Promise<number>): Contender {
    return async () => {
      if (this.peer === undefined || this.#failure !== undefined) return Number.NaN;
      try {
        return await within(ROUND_LIMIT_MS, measure(this.peer));
      } catch (error) {
        this.#failure = messageOf(error);
        return Number.NaN;
      }
    };
  }
}

async function within<Result>(limitMs: number, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${limitMs / 1000} s`)), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
