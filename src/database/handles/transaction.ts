import { isMistake, isReflexError, ReflexError } from "../../errors/reflex-error.ts";
import { kindOfCause } from "../../errors/show-error.ts";
import { checkTransaction, checkTransactionUse } from "../call-checks.ts";
import { CheckedDatabase } from "../checked-database.ts";
import type { TransactionOptions } from "../database.ts";
import { isPoolEnded, meaningOf, type SqlErrorMeaning } from "../sql-errors.ts";
import { POOL_ENDED } from "../table-error.ts";
import { beginCollecting, endCollecting, type OpenTransaction } from "./collected-notifies.ts";
import type { DatabaseHandle, TxOf } from "./handles.ts";
import { nativeOf, toDatabase } from "./recognise.ts";

const REACH = "check that the server runs and can be reached";
const remedies: Partial<Record<SqlErrorMeaning, string>> = {
  missing_database: "create the database, or name the right one where the pool is made",
  no_privilege: "check the user and password of the pool, and what the user was granted",
  read_only: "this server takes no writes; connect to the primary",
};

/**
 * Runs `use` in a transaction of `db`. Commits when `use` resolves; rolls back when it throws, and rethrows what it
 * threw. After the commit it wakes the streams of every events table that `use` inserted into.
 *
 * `tx` is the driver's own connection, so that your queries and the events share one transaction. On SQLite it is an
 * executor with your handle in `tx.handle`. A deadlock is not retried, since what `use` did outside of the database
 * can't be undone.
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
export function transaction<D extends DatabaseHandle, R>(
  db: D,
  use: (tx: TxOf<D>) => Promise<R>,
  options: TransactionOptions = {},
): Promise<R> {
  const work = new Work(use);
  return runWork(db, work, options).catch((error: unknown) => {
    throw work.begun || isMistake(error) ? error : cannotBegin(error, options.signal);
  });
}

/**
 * As {@link transaction}, but an error that keeps it from beginning comes as the driver gave it, for the caller to
 * explain.
 */
export function runTransaction<D extends DatabaseHandle, R>(
  db: D,
  use: (tx: TxOf<D>) => Promise<R>,
  options: TransactionOptions = {},
): Promise<R> {
  return runWork(db, new Work(use), options);
}

// Few functions await each other here. The driver records the stack of each of the user's statements, and frames of
// this library would take the place of the user's own.
async function runWork<D extends DatabaseHandle, R>(
  db: D,
  work: Work<TxOf<D>, R>,
  options: TransactionOptions,
): Promise<R> {
  checkTransactionUse(work.use);
  try {
    const database = toDatabase(db);
    // A database of this library checks the options itself.
    const checked = database instanceof CheckedDatabase ? options : checkTransaction(work.use, options);
    const result = await database.transaction((tx) => work.run(tx, database.identity), checked);
    work.wake();
    return result;
  } catch (error) {
    if (isReflexError(error, "commit_outcome_unknown")) work.wake();
    throw error;
  }
}

/** What a user does in a transaction, and what is to be done once it has committed. */
class Work<Tx, R> {
  readonly use: (tx: Tx) => Promise<R>;
  #collected: OpenTransaction | undefined;
  begun = false;

  constructor(use: (tx: Tx) => Promise<R>) {
    this.use = use;
  }

  async run(tx: Tx, identity: object): Promise<R> {
    this.begun = true;
    const native = nativeOf(tx);
    if (native === undefined) return this.use(tx);
    const collected = beginCollecting(native, identity);
    this.#collected = collected;
    try {
      const result = await this.use(tx);
      if (collected.lost !== undefined) throw lostUnnoticed(collected.lost);
      return result;
    } finally {
      endCollecting(native);
    }
  }

  wake(): void {
    for (const wakeUp of this.#collected?.wakeUps ?? []) wakeUp();
  }
}

// The error of a transaction that must not commit and whose user went on. Without it, what ran after a loss would be
// committed without what ran before it, and a value that the server has changed would be committed.
function lostUnnoticed(cause: unknown): ReflexError {
  if (isReflexError(cause, "transaction_lost") || isReflexError(cause, "value_changed")) return cause;
  return new ReflexError("transaction_lost", "the server rolled this transaction back; do all of it again", { cause });
}

function cannotBegin(error: unknown, signal: AbortSignal | undefined): unknown {
  if (isReflexError(error) || (signal?.aborted === true && error === signal.reason)) return error;
  const message = `could not begin a transaction: ${kindOfCause(error)}`;
  const remedy = isPoolEnded(error) ? POOL_ENDED : (remedies[meaningOf(error)] ?? REACH);
  return new ReflexError("database_error", `${message}; ${remedy}`, { cause: error });
}
