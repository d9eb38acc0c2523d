import type { Pool, RowDataPacket } from "mysql2/promise";

/**
 * How many statements the server executed for others while `work` went on, by its own count. Resolves when the work does,
 * which itself sends `own` statements that don't count.
 */
export async function countStatements(pool: Pool, own: number, work: () => Promise<unknown>): Promise<number> {
  const before = await questions(pool);
  await work();
  // The question itself is counted too.
  return (await questions(pool)) - before - 1 - own;
}

function questions(pool: Pool): Promise<number> {
  return statusOf(pool, "Questions");
}

/** A number that the server keeps of itself since it was started. */
export async function statusOf(pool: Pool, name: string): Promise<number> {
  const [rows] = await pool.query<RowDataPacket[]>("show global status like ?", [name]);
  return Number(rows[0]?.["Value"]);
}
