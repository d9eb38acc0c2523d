import { meaningOf } from "../../database/sql-errors.ts";
import { isMistake, isReflexError, ReflexError } from "../../errors/reflex-error.ts";

/** Whether the same statement could succeed without one of its rows: a row that is locked, or values that are refused. */
export function concernsOneRow(error: unknown): boolean {
  if (!(error instanceof Error) || isReflexError(error) || isMistake(error)) return false;
  const meaning = meaningOf(error);
  if (meaning === "lock_timeout" || meaning === "duplicate_key") return true;
  const { errno, code, sqlState } = error as { errno?: unknown; code?: unknown; sqlState?: unknown };
  // Data exceptions, constraints, and what triggers raise; MySQL gives two of them the general state.
  if (typeof sqlState === "string" && /^(?:22|23|44|45)/.test(sqlState)) return true;
  return errno === 1366 || errno === 3819 || (typeof code === "string" && code.startsWith("SQLITE_CONSTRAINT"));
}

export function collision(table: string, consumer: string | undefined, found: string): ReflexError {
  return new ReflexError(
    "consumer_name_collision",
    `${table} takes consumer "${consumer}" for "${found}", whose cursor it would share: give its name column the collation utf8mb4_bin, or the consumer another name`,
    { details: { table, consumer: consumer ?? "", found } },
  );
}
