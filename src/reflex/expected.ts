import { isReflexError } from "../errors/reflex-error.ts";
import { isError, readProperty } from "../errors/thrown.ts";

/**
 * Whether `error` came of the abort of `signal`, and so is no failure. It is false while the signal is not aborted: a
 * time-out of the handler's own, or a call that the handler cancelled itself, is a failure.
 * @example
 * try {
 *   await run({ stream, cursors: cursors.toStore(pool), consumer }, { signal });
 * } catch (error) {
 *   if (!isExpected(error, signal)) throw error;
 * }
 */
export function isExpected(error: unknown, signal: AbortSignal | undefined): boolean {
  if (signal?.aborted !== true) return false;
  if (error === signal.reason || isReflexError(error, "stream_stopped")) return true;
  if (!isError(error)) return false;
  return readProperty(error, "name") === "AbortError" || readProperty(error, "cause") === signal.reason;
}
