import { isReflexError, type ReflexError } from "../errors/reflex-error.ts";

/** How a table can no longer fit the position of a stream. */
export type PositionFaultCode = "history_rewritten" | "cursor_ahead" | "cursor_row_missing" | "history_pruned";

const codes: readonly PositionFaultCode[] = [
  "history_rewritten",
  "cursor_ahead",
  "cursor_row_missing",
  "history_pruned",
];

/** Whether the error says that the table no longer fits the position. */
export function isPositionFault(error: unknown): error is ReflexError {
  return codes.some((code) => isReflexError(error, code));
}
