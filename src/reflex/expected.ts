import { isReflexError } from "../errors/reflex-error.ts";

/**
 * Whether `error` is what the abort of `signal` led to, and not a failure. False while the signal is not aborted: a
 * handler's own time-out, or a call that it cancelled itself, is a failure.
 */
export function isExpected(error: unknown, signal: AbortSignal | undefined): boolean {
  if (signal?.aborted !== true) return false;
  if (error === signal.reason || isReflexError(error, "stream_stopped")) return true;
  return error instanceof Error && (error.name === "AbortError" || error.cause === signal.reason);
}
