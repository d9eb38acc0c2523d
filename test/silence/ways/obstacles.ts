import type { Pool, PoolConnection, RowDataPacket } from "mysql2/promise";
import { now } from "../../faults/stage/place.ts";
import { type OpenTransaction, openInsert } from "../../support/streams/streams.ts";
import type { SilenceStage } from "../stage/silence-stage.ts";
import type { SilentReader } from "../stage/silent-reader.ts";

/** A reader that stands at a gap whose transaction is open. */
export interface GapScene {
  readonly open: OpenTransaction;
  /** When the event "beyond", which the gap keeps back, was committed. */
  readonly pendingAt: number;
}

/** Opens a gap with an event "beyond" it. */
export async function openGap(stage: SilenceStage, reader: SilentReader): Promise<GapScene> {
  const open = await openInsert(stage.pool, reader.table);
  await reader.insert(stage.pool, "beyond");
  return { open, pendingAt: now() };
}

/** A session whose statement holds others up, or will as soon as those before it have ended. */
export interface Obstacle {
  readonly threadId: string;
  /** Resolves with the time at which it began to go. */
  remove(): Promise<number>;
}

/** Asks for a lock that is given as soon as the open transactions of the table have ended; resolves when it is asked for. */
export async function queueLock(pool: Pool, lock: string): Promise<Obstacle> {
  const connection = await pool.getConnection();
  const locking = connection.query(lock);
  locking.catch(() => undefined);
  await untilWaits(pool, connection);
  return {
    threadId: String(connection.threadId),
    remove: async () => {
      await locking;
      return unlock(connection);
    },
  };
}

/** Has a lock. */
export async function takeLock(pool: Pool, lock: string): Promise<Obstacle & { readonly connection: PoolConnection }> {
  const connection = await pool.getConnection();
  await connection.query(lock);
  return { connection, threadId: String(connection.threadId), remove: () => unlock(connection) };
}

async function unlock(connection: PoolConnection): Promise<number> {
  const at = now();
  await connection.query("unlock tables");
  connection.release();
  return at;
}

/** Resolves once the connection's statement waits for another session. */
export async function untilWaits(pool: Pool, { threadId }: PoolConnection): Promise<void> {
  for (;;) {
    const [rows] = await pool.query<RowDataPacket[]>(
      "select id from information_schema.processlist where id = ? and state like 'Waiting for%'",
      [threadId],
    );
    if (rows.length > 0) return;
  }
}
