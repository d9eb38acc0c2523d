import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { Pool } from "mysql2/promise";
import type { BenchCase, BenchContext, BenchRow } from "./bench-case.ts";
import { insertRows, openPool } from "./bench-tables.ts";
import { openHead, type TakeEvents, takeBatches, takeEach } from "./head-streams.ts";
import { interleaved, median, ratioOf, rounded } from "./interleaved.ts";
import { countStatements } from "./server-statements.ts";

const STREAMS = 100;
// After this long without an event, streams look for new ones at their slowest pace.
const SETTLE_MS = 300;
const IDLE_MS = 500;
const CHUNK = 100;
const CHUNK_PAUSE_MS = 10;

/** What more streams of one table cost, where they all wait for the next event. */
export const head: BenchCase = {
  name: "head",
  title: "100 streams of one table at its head, 10 000 new events",
  about:
    "All streams are of one table object in one process; the events are written by the server itself, so nobody tells the streams of them. `statements` counts what the server executed while the events came in chunks of 100, for 1 and for 100 streams. The deliveries are of one transaction of 10 000 events, from its commit, thus with the wait until it is found, to the last event at the last stream; `eventLoopP999Ms` is the median over the rounds; `eventLoopP999MsOfIdle` is that of the process while it did nothing, just before.",
  run: async (context) => {
    const writer = openPool(context.url, 2);
    try {
      return [await statementsRow(context, writer), ...(await deliveryRows(context, writer))];
    } finally {
      await writer.end();
    }
  },
};

async function statementsRow({ url, quick }: BenchContext, writer: Pool): Promise<BenchRow> {
  const events = quick ? 2000 : 10_000;
  const statements = async (streams: number): Promise<number> => {
    const at = await openHead(url, streams);
    try {
      const taken = at.take(events, takeEach);
      await delay(SETTLE_MS);
      return await countStatements(writer, events / CHUNK, async () => {
        for (let written = 0; written < events; written += CHUNK) {
          await insertRows(writer, at.table.name, { count: CHUNK, after: at.headId + written });
          await delay(CHUNK_PAUSE_MS);
        }
        await taken;
      });
    } finally {
      await at.close();
    }
  };
  const counts = await interleaved({ one: () => statements(1), all: () => statements(STREAMS) }, quick ? 1 : 5);
  return {
    name: `statements of ${STREAMS} streams, against one`,
    figures: {
      ...ratioOf(counts.all, counts.one),
      statements: median(counts.all),
      statementsOfOne: median(counts.one),
    },
    reach: [{ figure: "ratio", atMost: 1.2 }],
  };
}

async function deliveryRows({ url, quick }: BenchContext, writer: Pool): Promise<BenchRow[]> {
  const events = quick ? 2000 : 10_000;
  const ways = { "for await": new Delivery(url, takeEach), "batches()": new Delivery(url, takeBatches) };
  const rates = await interleaved(
    {
      "for await": () => ways["for await"].measure(writer, events),
      "batches()": () => ways["batches()"].measure(writer, events),
    },
    quick ? 1 : 7,
  );
  return Object.entries(ways).map(([name, delivery]) => ({
    name: `${STREAMS} streams, ${name}`,
    figures: { ...spread(rates[name as keyof typeof ways]), ...delivery.figures() },
    reach: [
      { figure: "deliveriesPerSecond", atLeast: 2_000_000 },
      { figure: "eventLoopP999Ms", atMost: 10 },
    ],
  }));
}

/** Measures the delivery of one transaction to all streams, and how long the event loop was held up meanwhile. */
class Delivery {
  readonly #url: string;
  readonly #way: TakeEvents;
  readonly #heldUpMs: { p999: number; max: number; idleP999: number }[] = [];

  constructor(url: string, way: TakeEvents) {
    this.#url = url;
    this.#way = way;
  }

  /** Deliveries per second. */
  async measure(writer: Pool, events: number): Promise<number> {
    const idleP999 = await idleLoopP999Ms();
    const at = await openHead(this.#url, STREAMS);
    // A new one each time: one that was stopped takes the time until it goes on for a delay.
    const loop = monitorEventLoopDelay({ resolution: 1 });
    try {
      const taken = at.take(events, this.#way);
      await delay(SETTLE_MS);
      loop.enable();
      await insertRows(writer, at.table.name, { count: events, after: at.headId });
      const committedAt = performance.now();
      const { firstAt, lastAt } = await taken;
      // A delay is counted when it is over.
      await delay(5);
      // Streams may see the commit before the writer hears of it.
      return (STREAMS * events * 1000) / (lastAt - Math.min(firstAt, committedAt));
    } finally {
      loop.disable();
      this.#heldUpMs.push({ p999: loop.percentile(99.9) / 1e6, max: loop.max / 1e6, idleP999 });
      await at.close();
    }
  }

  figures(): Record<string, number> {
    // The first round is to warm up, here too.
    const rounds = this.#heldUpMs.slice(1);
    return {
      eventLoopP999Ms: rounded(median(rounds.map(({ p999 }) => p999))),
      eventLoopP999MsOfIdle: rounded(median(rounds.map(({ idleP999 }) => idleP999))),
      eventLoopMaxMs: rounded(Math.max(...rounds.map(({ max }) => max))),
    };
  }
}

/** What the machine alone holds up the event loop, while this process has nothing to do. */
async function idleLoopP999Ms(): Promise<number> {
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  await delay(IDLE_MS);
  loop.disable();
  return loop.percentile(99.9) / 1e6;
}

function spread(rates: readonly number[]): Record<string, number> {
  return {
    deliveriesPerSecond: Math.round(median(rates)),
    lowest: Math.round(Math.min(...rates)),
    highest: Math.round(Math.max(...rates)),
    rounds: rates.length,
  };
}
