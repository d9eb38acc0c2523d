import type { Pool, RowDataPacket } from "mysql2/promise";
import { expect } from "vitest";

/** How many connections a server has had so far, and how many of them ended without a goodbye. */
export interface ConnectionCounts {
  readonly made: number;
  readonly aborted: number;
}

export async function connectionCounts(pool: Pool): Promise<ConnectionCounts> {
  return { made: await statusOf(pool, "Connections"), aborted: await statusOf(pool, "Aborted_clients") };
}

/** Resolves once so many connections are open: the server has then counted how the others ended. */
export async function untilConnected(pool: Pool, count: number): Promise<void> {
  await expect.poll(() => statusOf(pool, "Threads_connected"), { interval: 5, timeout: 5000 }).toBe(count);
}

async function statusOf(pool: Pool, name: string): Promise<number> {
  const [rows] = await pool.query<RowDataPacket[]>("show global status where variable_name = ?", [name]);
  return Number(rows[0]?.["Value"]);
}
