import { isError, readProperty } from "./thrown.ts";

/**
 * Why a {@link ReflexError} was thrown. The codes are stable: some may be added, none is renamed. A program can switch
 * on them.
 *
 * Three are reserved, and nothing throws them yet: `fenced` (the cursor of an event was moved by someone else),
 * `lease_lost` (the lease under which a consumer ran has gone to another process), `stream_stopped` (the server of a
 * stream from another process has ended it).
 */
export type ReflexErrorCode =
  | "cursor_not_advanced"
  | "cursor_ahead"
  | "cursor_row_missing"
  | "history_rewritten"
  | "history_pruned"
  | "gap_unfillable"
  | "gap_too_large"
  | "non_consecutive_event"
  | "invalid_int_id"
  | "invalid_cursor"
  | "metadata_disabled"
  | "noop_insert"
  | "unknown_event_type"
  | "wrong_schema"
  | "value_changed"
  | "consumer_name_collision"
  | "fenced"
  | "lease_lost"
  | "transaction_lost"
  | "commit_outcome_unknown"
  | "time_limit"
  | "stream_stopped"
  | "consumer_failed"
  | "handling_timeout"
  | "consumer_retired"
  | "cursor_deleted"
  | "cursor_not_found"
  | "event_not_found"
  | "error_not_found"
  | "error_settled"
  | "database_error";

/** The details of an error are strings and numbers only, so that they survive logs and wires. */
export type ReflexErrorDetails = Readonly<Record<string, string | number>>;

/** What caused a {@link ReflexError}, and where it happened. */
export interface ReflexErrorOptions {
  /** The error that caused this one, for example the driver's, whose own message may repeat values of the statement. */
  cause?: unknown;
  /** Values that help to find the place, for example table and event id. */
  details?: ReflexErrorDetails;
}

/**
 * What this library throws for everything that can go wrong while a correct program runs. `code` tells programs what
 * happened.
 *
 * Message and details repeat no value of a statement and no password. The driver's error, which may, is the `cause`, and
 * `console.error` prints it too: where logs must hold no values, log `message`, `code` and `details`. Of its cause a message
 * tells the kind alone, and what a database's error names, since loggers print the text of a cause behind it.
 * @example
 * try {
 *   await placeOrder(pool);
 * } catch (error) {
 *   if (!isReflexError(error, "transaction_lost")) throw error;
 *   await placeOrder(pool);
 * }
 */
export class ReflexError extends Error {
  /** The name by which two copies of this package in one process recognise each other's errors. */
  override readonly name = "ReflexError";
  /** What happened, for programs. The message is for people and may change. */
  readonly code: ReflexErrorCode;
  /** Values that help to find the place, for example table and event id. */
  readonly details: ReflexErrorDetails;

  constructor(code: ReflexErrorCode, message: string, options: ReflexErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.details = options.details ?? {};
  }
}

/**
 * Whether `error` is a {@link ReflexError}. With `code`: whether it is one of that code. It recognises the errors of
 * another copy of this package too, where `instanceof` would not.
 */
export function isReflexError<C extends ReflexErrorCode>(
  error: unknown,
  code: C,
): error is ReflexError & Record<"code", C>;
export function isReflexError(error: unknown, code?: ReflexErrorCode): error is ReflexError;
export function isReflexError(error: unknown, code?: ReflexErrorCode): error is ReflexError {
  if (!isError(error) || readProperty(error, "name") !== "ReflexError") return false;
  const found = readProperty(error, "code");
  return code === undefined ? typeof found === "string" : found === code;
}

/**
 * The codes of a programmer's mistakes. Such an error is a `TypeError` or a `RangeError`, never a {@link ReflexError}.
 */
export type MistakeCode = "invalid_option" | "invalid_identifier" | "invalid_argument";

/** A `TypeError` with a code, for a value of a wrong type or shape. */
export function typeMistake(code: MistakeCode, message: string): TypeError & { code: MistakeCode } {
  return Object.assign(new TypeError(message), { code });
}

/** A `RangeError` with a code, for a value of the right type that can't be used. */
export function rangeMistake(code: MistakeCode, message: string): RangeError & { code: MistakeCode } {
  return Object.assign(new RangeError(message), { code });
}

/** Whether `error` is a programmer's mistake, which no retry can mend. */
export function isMistake(error: unknown): boolean {
  const code = isError(error) ? readProperty(error, "code") : undefined;
  const isCode = code === "invalid_option" || code === "invalid_identifier" || code === "invalid_argument";
  return isCode && (error instanceof TypeError || error instanceof RangeError);
}
