import type { Database } from "../../database/database.ts";
import type { Reporting } from "../../reflex/observer.ts";

// One connection reads, for all tables of a database. While there is a gap, one more probes and one inserts noops.
const CONNECTIONS_OF_STREAMS = 3;

const warned = new WeakSet<object>();

/** Warns, once for each pool, if streams can take all of its connections. */
export function warnOfSmallPool({ database, reporting }: { database: Database; reporting: Reporting }): void {
  const { poolSize, identity } = database;
  if (poolSize === undefined || poolSize >= CONNECTIONS_OF_STREAMS || warned.has(identity)) return;
  warned.add(identity);
  reporting.warn(
    `streams read from a pool of ${poolSize}: they hold one connection and take up to two more to close a gap; give the pool at least ${CONNECTIONS_OF_STREAMS}, besides those that your own queries need`,
    { poolSize },
  );
}
