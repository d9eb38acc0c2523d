import type { Pool, RowDataPacket } from "mysql2/promise";
import { expect } from "vitest";

/** What the statements that a test waits for look like in the process list. */
export interface RunningStatement {
  /** The start of what the server is doing for it, in any case. */
  readonly state?: string;
  /** The start of its text, in any case. */
  readonly text?: string;
}

/** Resolves once exactly so many statements of others in the pool's database are like this. */
export async function untilRunning(pool: Pool, { state = "", text = "" }: RunningStatement, count = 1): Promise<void> {
  const running = async (): Promise<number> => {
    const [rows] = await pool.query<RowDataPacket[]>(
      `select id from information_schema.processlist where db = database() and id <> connection_id()
       and lower(coalesce(state, '')) like ? and lower(coalesce(info, '')) like ?`,
      [`${state.toLowerCase()}%`, `${text.toLowerCase()}%`],
    );
    return rows.length;
  };
  await expect.poll(running, { interval: 5 }).toBe(count);
}

/** Resolves once a transaction waits for a lock, or that of the connection with this id does. */
export async function untilLockWait(pool: Pool, threadId?: number): Promise<void> {
  const waits = async (): Promise<boolean> => {
    const [rows] = await pool.query<RowDataPacket[]>(
      `select trx_id from information_schema.innodb_trx
       where trx_state = 'LOCK WAIT' and (? is null or trx_mysql_thread_id = ?)`,
      [threadId ?? null, threadId ?? null],
    );
    return rows.length > 0;
  };
  // Asked more often than every 0.1 s, MariaDB answers from memory for as long as it is asked.
  await expect.poll(waits, { interval: 150 }).toBe(true);
}
