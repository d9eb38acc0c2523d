import { isMistake, isReflexError, ReflexError } from "../reflex/errors.ts";
import { checkTransaction } from "./call-checks.ts";
import { beginCollecting, endCollecting, type OpenTransaction } from "./collected-notifies.ts";
import type { TransactionOptions } from "./database.ts";
import type { DatabaseHandle, TxOf } from "./handles.ts";
import { nativeOf, toDatabase } from "./recognise.ts";
import { meaningOf, type SqlErrorMeaning } from "./sql-errors.ts";

const REACH = "check that the server runs and can be reached";
const remedies: Partial<Record<SqlErrorMeaning, string>> = {
  missing_database: "create the database, or name the right one where the pool is made",
  no_privilege: "check the user and password of the pool, and what the user was granted",
  read_only: "this server takes no writes; connect to the primary",
};

/**
 * Runs `use` in a transaction of `db`: commits when it resolves, rolls back when it throws, and rethrows what it threw.
 * After the commit it wakes the streams of every events table that `use` inserted into.
 *
 * `tx` is the driver's own connection, so your queries and the events share one transaction. On SQLite it is an executor
 * with your handle in `tx.handle`. There is no automatic retry of a deadlock: what `use` did outside the database can't be
 * undone.
 *
 * @throws ReflexError `commit_outcome_unknown` if the connection was lost during COMMIT: look before you do it again.
 * @throws ReflexError `transaction_lost` if the server has rolled it back, for example after a deadlock.
 * @throws ReflexError `time_limit` if no connection was free within `acquireTimeoutMs`.
 * @throws ReflexError `database_error` if it could not begin, with the driver's error as `cause`.
 * @example
 * await transaction(pool, async (tx) => {
 *   await tx.execute("insert into orders (id, total) values (?, ?)", ["o-17", 4200]);
 *   await orders.insert(tx, "o-17", OrderEvent.Placed);
 * });
 */
export async function transaction<D extends DatabaseHandle, R>(
  db: D,
  use: (tx: TxOf<D>) => Promise<R>,
  options: TransactionOptions = {},
): Promise<R> {
  checkTransaction(use, options);
  let begun = false;
  const begin = (tx: TxOf<D>): Promise<R> => {
    begun = true;
    return use(tx);
  };
  try {
    return await runTransaction(db, begin, options);
  } catch (error) {
    throw begun || isMistake(error) ? error : cannotBegin(error, options.signal);
  }
}

/** As {@link transaction}; what keeps it from beginning comes as the driver gave it, for the caller to explain. */
export async function runTransaction<D extends DatabaseHandle, R>(
  db: D,
  use: (tx: TxOf<D>) => Promise<R>,
  options: TransactionOptions = {},
): Promise<R> {
  let collected: OpenTransaction | undefined;
  const wake = (): void => {
    for (const wakeUp of collected?.wakeUps ?? []) wakeUp();
  };
  const collecting = async (tx: TxOf<D>): Promise<R> => {
    const native = nativeOf(tx);
    if (native === undefined) return use(tx);
    collected = beginCollecting(native);
    try {
      const result = await use(tx);
      if (collected.lost !== undefined) throw lostUnnoticed(collected.lost);
      return result;
    } finally {
      endCollecting(native);
    }
  };
  try {
    const result = await toDatabase(db).transaction(collecting, options);
    wake();
    return result;
  } catch (error) {
    if (isReflexError(error, "commit_outcome_unknown")) wake();
    throw error;
  }
}

// Without this, what ran after the loss would be committed without what ran before it.
function lostUnnoticed(cause: unknown): ReflexError {
  if (isReflexError(cause, "transaction_lost")) return cause;
  return new ReflexError("transaction_lost", "the server rolled this transaction back; do all of it again", { cause });
}

function cannotBegin(error: unknown, signal: AbortSignal | undefined): unknown {
  if (isReflexError(error) || (signal?.aborted === true && error === signal.reason)) return error;
  const message = `could not begin a transaction: ${error instanceof Error ? error.message : String(error)}`;
  return new ReflexError("database_error", `${message}; ${remedies[meaningOf(error)] ?? REACH}`, { cause: error });
}
