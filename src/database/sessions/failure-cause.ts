import { isReflexError } from "../../errors/reflex-error.ts";
import { textWithCauses } from "../../errors/show-error.ts";
import type { WaitCause } from "../../reflex/wait-cause.ts";
import { isConnectionWait } from "../connection-wait.ts";
import { meaningOf } from "../sql-errors.ts";

const CHEAP_MS = 500;
const PAUSE_ENOUGH_MS = 1000;

/** What is waited for after a call on a database that has failed with an error that passes. */
export function failureCause(error: unknown): WaitCause {
  const message = textWithCauses(error);
  const cause: unknown = isReflexError(error) && error.cause !== undefined ? error.cause : error;
  const meaning = meaningOf(cause);
  if (meaning === "lock_timeout" || meaning === "transaction_lost") return { reason: "locked", message };
  if (meaning === "read_only") return { reason: "not_writable", message };
  return { reason: isReflexError(cause, "time_limit") ? "unknown" : "unreachable", message };
}

/**
 * Whether an attempt that failed so can be made often, so that a stream goes on as soon as its server is back: it was refused or
 * cut off at once, or no connection was to be had for so long that the wait itself was pause enough.
 */
export function costsNothing(error: unknown, tookMs: number): boolean {
  const cause: unknown = isReflexError(error) && error.cause !== undefined ? error.cause : error;
  const meaning = meaningOf(cause);
  if (meaning === "unreachable" || isConnectionWait(cause)) return tookMs < CHEAP_MS || tookMs >= PAUSE_ENOUGH_MS;
  return (meaning === "connection_lost" || meaning === "connection_closed") && tookMs < CHEAP_MS;
}
