import type { Reporting } from "./observer.ts";

/** What someone needs connections of a pool for. */
export interface PoolNeed {
  /** How many at the same time. */
  readonly connections: number;
  /** For what, as part of a sentence. */
  readonly what: string;
}

/** How a stream or a cursor store uses its pool. */
export interface PoolUse {
  /** The driver's own pool, by which two users of one pool are recognised. */
  readonly identity: object;
  /** The most connections that the pool opens; undefined if it does not tell, as pools of the mariadb driver do not. */
  readonly size: number | undefined;
  /** What it needs connections for. */
  readonly needs: readonly PoolNeed[];
}

// The consumer most likely works with the pool of its stream.
const CONSUMERS_OWN: PoolNeed = { connections: 1, what: "the consumer's own queries" };

const warned = new WeakSet<object>();

/** Warns, once for each pool, if it is smaller than what these need at the same time. */
export function warnOfSmallPool(use: PoolUse | undefined, whose: string, reporting: Reporting): void {
  if (use?.size === undefined || warned.has(use.identity)) return;
  const { size, needs, identity } = use;
  const needed = needs.reduce((sum, { connections }) => sum + connections, 0);
  if (size >= needed) return;
  warned.add(identity);
  const named = needs.map(({ connections, what }) => `${connections} for ${what}`).join(", ");
  const message = `a pool of ${size} is too small for ${whose}, which may need ${needed} connections at the same time (${named}): give the pool at least ${needed}, besides those that your other queries need`;
  reporting.warn(message, { poolSize: size, needed });
}

/** Warns of pools that are too small for a run whose stream and cursor store use them so. */
export function warnOfSmallPools(
  { consumer, reporting }: { consumer: string; reporting: Reporting },
  stream: PoolUse | undefined,
  store: PoolUse | undefined,
): void {
  const shared = stream !== undefined && stream.identity === store?.identity;
  const storesNeeds = shared ? store.needs : [];
  const whole = stream && { ...stream, needs: [...stream.needs, ...storesNeeds, CONSUMERS_OWN] };
  const whose = `the run of ${consumer}`;
  warnOfSmallPool(whole, whose, reporting);
  if (!shared) warnOfSmallPool(store, `${whose} for its cursor`, reporting);
}
