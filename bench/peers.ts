import { createPool, type Pool } from "mysql2/promise";
import type { PrivateServer } from "../src/testing/servers/private-server.ts";
import type { BenchCase, BenchContext, BenchRow } from "./bench-case.ts";
import { openPool } from "./bench-tables.ts";
import { type Contender, interleaved, median, ratioOf } from "./interleaved.ts";
import { Entrant, FAST, OUTBOX, plans } from "./peers/entrants.ts";
import { BATCH } from "./peers/peer.ts";
import { reflexNotes, reflexPeer } from "./peers/reflex-peer.ts";

const CONSUMERS = 10;

/** The same job done with what one would take instead. */
export const peers: BenchCase = {
  name: "peers",
  title: "Appending and delivering, against other systems",
  about: `The same job on the same machine: events are appended durably, ${BATCH} at a time by one writer, then all that were stored are delivered in order to 1 and to ${CONSUMERS} consumers in one process, each of which gets all of them and checks that. The ratio is this library's rate divided by the peer's of the same round: more than 1 is ahead. Rates of delivery are those of all consumers together. Every server is private, on this machine's disk, with its own defaults but for what the notes say; MySQL and MariaDB write each commit and its binary log to the disk. A peer's consumers are timed until their last event is handled, the library's until its cursors are written too. The library: ${Object.values(reflexNotes).join("; ")}; without a cursor there is also for await, which is measured by the case backfill.`,
  chart: { figure: "ratio", line: 1 },
  run: async (context) => {
    const server = await context.startServer({ durable: true });
    const pool = openPool(await createDatabase(server), 2 * CONSUMERS);
    const entrants: Entrant[] = [];
    try {
      const us = await Entrant.start({ title: "reflex-rsql", count: FAST, open: reflexPeer }, pool);
      entrants.push(us);
      for (const plan of plans) {
        context.progress(`starting ${plan.title}`);
        entrants.push(await Entrant.start(plan, pool));
      }
      const rows = await measure(context, entrants);
      if (us.failure !== undefined) throw new Error(us.failure);
      return rows;
    } finally {
      for (const entrant of entrants) await entrant.close();
      await pool.end();
      await server.stop();
    }
  },
};

/** One thing that all of them do. */
interface Job {
  readonly name: string;
  readonly contender: (entrant: Entrant, count: number) => Contender;
  readonly note: (notes: NonNullable<Entrant["peer"]>["notes"]) => string;
  /** The least ratio that is aimed at, against the peer of this title. */
  readonly leastRatio: (title: string) => number | undefined;
}

const jobs: readonly Job[] = [
  delivery(1, ({ deliver }) => deliver),
  delivery(CONSUMERS, ({ fanOut }) => fanOut),
  {
    name: "append",
    contender: (entrant, count) => entrant.appending(Math.min(count, 10_000)),
    note: ({ append }) => append,
    // The others do not write the events where the users' own rows are.
    leastRatio: (title) => (title === OUTBOX ? 0.95 : undefined),
  },
];

function delivery(consumers: number, note: Job["note"]): Job {
  return {
    name: consumers === 1 ? "1 consumer" : `${consumers} consumers`,
    contender: (entrant, count) => entrant.delivering({ count, consumers }),
    note,
    leastRatio: () => 1,
  };
}

async function measure({ quick, progress }: BenchContext, entrants: readonly Entrant[]): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const job of jobs) {
    progress(job.name);
    const contenders = entrants.map((entrant) => [
      entrant.title,
      job.contender(entrant, quick ? 500 : countOf(entrant.title)),
    ]);
    const rates = await interleaved(Object.fromEntries(contenders) as Record<string, Contender>, quick ? 1 : 5);
    const [us, ...others] = entrants;
    const ours = rates[us?.title ?? ""] ?? [];
    for (const entrant of others) rows.push(rowOf(job, entrant, { ours, theirs: rates[entrant.title] ?? [] }));
  }
  return rows;
}

function countOf(title: string): number {
  return plans.find((plan) => plan.title === title)?.count ?? FAST;
}

interface Rates {
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
}

function rowOf(job: Job, { title, peer, failure }: Entrant, { ours, theirs }: Rates): BenchRow {
  const name = `${title}, ${job.name}`;
  const atLeast = job.leastRatio(title);
  const reach = atLeast === undefined ? {} : { reach: [{ figure: "ratio", atLeast }] };
  if (peer === undefined || failure !== undefined) return { name, figures: {}, note: `not measured: ${failure}` };
  const figures = {
    ...ratioOf(ours, theirs),
    eventsPerSecond: Math.round(median(ours)),
    peerEventsPerSecond: Math.round(median(theirs)),
  };
  return { name, figures, ...reach, note: `${peer.name}: ${job.note(peer.notes)}` };
}

async function createDatabase(server: PrivateServer): Promise<string> {
  const setUp: Pool = createPool(server.url);
  await setUp.query("create database bench");
  await setUp.end();
  return server.url.replace("/?", "/bench?");
}
