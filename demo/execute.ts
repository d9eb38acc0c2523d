import type { Executor, SqlParam } from "reflex-rsql";

interface DriverConnection {
  execute(sql: string, values: readonly SqlParam[]): Promise<unknown>;
}

/** Runs a statement on what `transaction()` hands out, whatever the driver. Returns how many rows it changed. */
export async function executeIn(tx: unknown, sql: string, params: readonly SqlParam[]): Promise<number> {
  const connection = tx as Executor | DriverConnection;
  if ("run" in connection) return (await connection.run(sql, params)).affectedRows;
  const result = await connection.execute(sql, params);
  // mysql2 gives the result and the columns, mariadb the result alone.
  const header = (Array.isArray(result) ? result[0] : result) as { affectedRows: number };
  return header.affectedRows;
}
