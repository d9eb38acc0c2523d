import { isMistake, isReflexError, ReflexError, type ReflexErrorCode } from "../errors/reflex-error.ts";
import { kindOfCause } from "../errors/show-error.ts";
import { isPassing, isPoolEnded, meaningOf } from "./sql-errors.ts";

interface TableErrorContext {
  readonly table: string;
  /** What was tried, as in "could not READ order_events". */
  readonly activity: string;
  /** The signal of the call, whose reason passes through as it is. */
  readonly signal?: AbortSignal | undefined;
  /** What to do, where the caller knows more of it than the error tells. */
  readonly remedy?: string | undefined;
}

/** What to do where the program has ended the pool too early. */
export const POOL_ENDED: string =
  "the pool was ended before: end a pool after the streams and runs on it, and after flush() of its cursors tables";

/**
 * The error that a caller gets for a failed statement on a table. It says what the failure means, and repeats neither a value
 * of the statement nor the words of the driver's error, which is its `cause`.
 */
export function tableError(error: unknown, context: TableErrorContext): unknown {
  const { table, activity, signal } = context;
  // The drivers, which refuse characters that a connection lacks, know no tables.
  if (isReflexError(error, "value_changed") && error.details["table"] === undefined) {
    const message = `could not ${activity} ${table}: ${error.message}`;
    const options = error.cause === undefined ? {} : { cause: error.cause };
    return new ReflexError("value_changed", message, { ...options, details: { table } });
  }
  if (isReflexError(error) || isMistake(error) || (signal?.aborted === true && error === signal.reason)) return error;
  const [code, generalRemedy] = explain(error, table);
  const remedy = context.remedy ?? generalRemedy;
  const message = `could not ${activity} ${table}: ${kindOfCause(error)}`;
  return new ReflexError(code, remedy === "" ? message : `${message}; ${remedy}`, {
    cause: error,
    details: { table, ...failureOf(error) },
  });
}

/** How the connection has failed, if that is what failed, for programs that try again. */
function failureOf(error: unknown): { readonly failure?: string } {
  const failure = meaningOf(error);
  const isOfConnection = failure === "unreachable" || failure === "connection_lost" || failure === "connection_closed";
  return isOfConnection ? { failure } : {};
}

function explain(error: unknown, table: string): readonly [ReflexErrorCode, string] {
  switch (meaningOf(error)) {
    case "missing_database":
      return ["database_error", "create the database, or name the right one where the pool is made"];
    case "missing_table":
      return ["wrong_schema", `create ${table} with createTables(db, [table]), or in a migration with schemaSql()`];
    case "missing_column":
      return ["wrong_schema", "add that column or name the right one in the table's ...Field options"];
    case "transaction_lost":
      return ["transaction_lost", "the server rolled the transaction back; do all of it again"];
    case "no_privilege":
      return ["database_error", "check the user and password of the pool, and grant the user what this needs"];
    case "read_only":
      return ["database_error", "this server takes no writes; connect to the primary"];
    case "connection_lost":
    case "connection_closed":
    case "unreachable":
      return ["database_error", isPoolEnded(error) ? POOL_ENDED : "check that the server runs and can be reached"];
    case "lock_timeout":
    case "duplicate_key":
    case "in_transaction":
    case "other":
      return ["database_error", ""];
  }
}

/** Whether the server has rolled back the whole transaction, as after a deadlock. */
export function isTransactionLost(error: unknown): boolean {
  return meaningOf(error) === "transaction_lost" || isReflexError(error, "transaction_lost");
}

/** Whether the same call can succeed later without anybody changing anything, as after a deadlock or a lost connection. */
export function isRetryable(error: unknown): boolean {
  if (!isReflexError(error)) return isPassing(meaningOf(error));
  if (error.code === "database_error") return isPassing(meaningOf(error.cause));
  return error.code === "time_limit" || error.code === "transaction_lost";
}
