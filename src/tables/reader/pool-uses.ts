import type { Database } from "../../database/database.ts";
import { ASKING } from "../../database/sessions/heartbeat.ts";
import type { Reporting } from "../../reflex/observer.ts";
import { joinPool } from "../../reflex/pool-sum.ts";
import type { PoolNeed, PoolUse } from "../../reflex/pool-use.ts";
import type { GapControl } from "../gaps/gap-control.ts";

// Each is shared by all streams and tables of a pool. Further connections are taken only where a pool has them to spare.
const READING: PoolNeed = { connections: 1, what: "streams to read with" };
const LOOKING: PoolNeed = { connections: 1, what: "looking at gaps" };
const FILLING: PoolNeed = { connections: 1, what: "filling gaps" };

/** What streams with this control of their gaps need connections for: of the pool that they read from, and of others. */
export interface StreamsPoolUses {
  readonly own: PoolUse;
  readonly others: readonly PoolUse[];
}

/** How streams of this database use its pool, and those of the servers that take the writes. */
export function poolUsesOfStreams(
  database: Database,
  gaps: Pick<GapControl, "filling" | "primary" | "config">,
): StreamsPoolUses {
  const { primary = database } = gaps;
  const { probe = [primary], candidates } = gaps.config;
  const primaries = [primary, ...(Array.isArray(candidates) ? (candidates as readonly Database[]) : [])];
  const needsOf = ({ identity }: Database): PoolNeed[] => {
    // A stream's faults are confirmed on the primary, as they are read.
    const isPrimary = primaries.some((server) => server.identity === identity);
    const reads = identity === database.identity || isPrimary;
    const looks = gaps.filling && probe.some((server) => server.identity === identity);
    const fills = gaps.filling && isPrimary;
    return [...(reads ? [READING] : []), ...(looks ? [LOOKING] : []), ...(fills ? [FILLING] : []), ASKING];
  };
  const useOf = (server: Database): PoolUse => {
    const { identity, poolSize: size } = server;
    return { identity, size, needs: needsOf(server) };
  };
  const others = new Map([...primaries, ...probe].map((server) => [server.identity, server]));
  others.delete(database.identity);
  return { own: useOf(database), others: [...others.values()].map(useOf) };
}

/** Counts streams as users of these pools until the function is called that it returns. */
export function joinPoolsOfStreams({ own, others }: StreamsPoolUses, reporting: Reporting): () => void {
  const leaves = [own, ...others].map((use) => joinPool(use, { reporting }));
  return () => {
    for (const leave of leaves) leave();
  };
}
