import { isReflexError } from "../errors/reflex-error.ts";

/** What a wait for a connection waits for, as the start of the words in the message of its time limit. */
export const A_CONNECTION = "a connection of the pool";

/** Whether this is the time limit of a wait for a connection: nothing was sent to the server. */
export function isConnectionWait(error: unknown): boolean {
  if (!isReflexError(error, "time_limit")) return false;
  const { what } = error.details as { what?: unknown };
  return typeof what === "string" && what.startsWith(A_CONNECTION);
}
