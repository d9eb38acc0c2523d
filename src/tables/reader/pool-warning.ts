import type { Database } from "../../database/database.ts";
import type { Reporting } from "../../reflex/observer.ts";
import { type PoolUse, warnOfSmallPool } from "../../reflex/pool-use.ts";

/** What streams need connections of their pool for. One connection reads, for all tables of a database. */
export function poolUseOfStreams({ identity, poolSize: size }: Database): PoolUse {
  const needs = [
    { connections: 1, what: "streams to read with" },
    { connections: 2, what: "a gap to be closed" },
  ];
  return { identity, size, needs };
}

/** Warns, once for each pool, if streams can take all of its connections. */
export function warnOfStreams({ database, reporting }: { database: Database; reporting: Reporting }): void {
  warnOfSmallPool(poolUseOfStreams(database), "streams", reporting);
}
