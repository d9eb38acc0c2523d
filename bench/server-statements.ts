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

async function questions(pool: Pool): Promise<number> {
  const [rows] = await pool.query<RowDataPacket[]>("show global status like 'Questions'");
  return Number(rows[0]?.["Value"]);
}
