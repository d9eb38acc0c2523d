import { meaningOf } from "../../database/sql-errors.ts";
import { isTransactionLost } from "../../database/table-error.ts";
import { isReflexError } from "../../errors/reflex-error.ts";

/** Whether the server has rolled the transaction back, or has lost it with its connection. */
export function losesTransaction(error: unknown): boolean {
  return isTransactionLost(error) || isReflexError(error, "time_limit") || meaningOf(error) === "connection_lost";
}
