import { ReflexError, typeMistake } from "../../errors/reflex-error.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";
import { checkStatement } from "../call-checks.ts";
import { defaultStatementTimeoutMs, type Executor, type RunResult, type SqlParam } from "../database.ts";
import { retryWhileBusy } from "./sqlite-busy.ts";
import type { SqliteConnection } from "./sqlite-connection.ts";

/** Whether the function that was given to `transaction()` still runs. */
export interface TransactionState {
  active: boolean;
}

/**
 * A transaction of `transaction()` on a SQLite handle. It runs SQL until the function that was given to `transaction()`
 * has settled.
 */
export class SqliteTransaction<H = unknown> implements Executor {
  /** Your handle. What you run on it before that function has settled is part of the transaction. */
  readonly handle: H;
  readonly #connection: SqliteConnection;
  readonly #state: TransactionState;

  /** @internal */
  constructor(handle: H, connection: SqliteConnection, state: TransactionState) {
    this.handle = handle;
    this.#connection = connection;
    this.#state = state;
  }

  run(sql: string, params: readonly SqlParam[], options: CallOptions = {}): Promise<RunResult> {
    return this.#whenFree(() => this.#connection.run(sql, params), sql, options);
  }

  rows<R extends object>(sql: string, params: readonly SqlParam[], options: CallOptions = {}): Promise<R[]> {
    return this.#whenFree(() => this.#connection.rows(sql, params) as R[], sql, options);
  }

  async #whenFree<T>(statement: () => T, sql: string, options: CallOptions): Promise<T> {
    checkStatement(sql, options);
    const { signal, timeoutMs = defaultStatementTimeoutMs } = options;
    return retryWhileBusy(
      () => {
        this.#check();
        return statement();
      },
      { signal, timeoutMs, what: "a lock that another connection to the SQLite database holds" },
    );
  }

  #check(): void {
    if (!this.#state.active) {
      throw typeMistake("invalid_argument", "the transaction of this tx has ended; await its statements inside of it");
    }
    checkNotLost(this.#connection);
  }
}

/**
 * Checks that SQLite has not rolled the transaction back.
 * @throws ReflexError `transaction_lost` if it has: what comes next would be committed alone
 */
export function checkNotLost(connection: SqliteConnection): void {
  if (connection.inTransaction) return;
  throw new ReflexError(
    "transaction_lost",
    "the transaction is over before its end: SQLite rolled it back, or a statement on the handle ended it; do all of it again",
  );
}
