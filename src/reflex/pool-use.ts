/** What someone needs connections of a pool for. */
export interface PoolNeed {
  /** How many at the same time. */
  readonly connections: number;
  /** For what, as part of a sentence. What several users of a pool name in the same words they share: it is needed once. */
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
