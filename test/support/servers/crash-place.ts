import type { Pool } from "mysql2/promise";
import { createTables, type ErrorReport, EventsTable } from "reflex-rsql";
import { setFaultConfirmMs } from "../../../src/tables/reader/confirm-time.ts";
import type { ServerVendor } from "../../../src/testing/servers/find-server.ts";
import { Reports } from "../streams/gaps.ts";
import { startServerWithPools } from "./server-with-pools.ts";

/** A server that a test kills, with an events table on it. */
export interface CrashPlace extends AsyncDisposable {
  readonly pool: Pool;
  readonly table: EventsTable;
  /** What the table's observer is told of. */
  readonly errors: Reports<ErrorReport>;
  /** Kills the server. */
  crash(): Promise<void>;
  /** Gives a new pool: the first use of a connection that the crash has broken fails, which is not the matter here. */
  restart(): Promise<Pool>;
}

export async function startCrashPlace(vendor: ServerVendor, flags: readonly string[] = []): Promise<CrashPlace> {
  // Only a durable server has its data folder on the disk by the time it is killed.
  const started = await startServerWithPools({ vendor, durable: true, flags });
  const { server } = started;
  const connect = (): Pool => started.openPool({ connectionLimit: 16 });
  const pool = connect();
  const errors = new Reports<ErrorReport>();
  setFaultConfirmMs(300);
  const table = new EventsTable("events", { backoffMs: 100, observer: { error: errors.add } });
  await createTables(pool, [table]);
  return {
    pool,
    table,
    errors,
    crash: () => server.crash(),
    restart: async () => {
      await server.restart();
      return connect();
    },
    [Symbol.asyncDispose]: () => {
      setFaultConfirmMs();
      return started[Symbol.asyncDispose]();
    },
  };
}
