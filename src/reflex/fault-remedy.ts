import { isReflexError, ReflexError } from "../errors/reflex-error.ts";
import type { CursorStore } from "./cursor-store.ts";

/** A position fault that also says how a person accepts the table as it is, where the store knows that. */
export function withRemedy(
  fault: ReflexError,
  cursors: CursorStore,
  at: { consumer: string; cursor: string },
): ReflexError {
  // Where the row at the cursor is missing there is nothing to accept. Without its position, the cursor would pass whatever
  // comes under these ids.
  if (!isReflexError(fault, "history_rewritten")) return fault;
  const remedy = cursors.remedy?.(at.consumer, at.cursor);
  if (remedy === undefined) return fault;
  const { code, message, details, cause } = fault;
  // The fault itself is not the cause: loggers would print its text twice.
  const options = cause === undefined ? { details } : { details, cause };
  return new ReflexError(code, `${message}; to accept the table as it is: ${remedy}`, options);
}
