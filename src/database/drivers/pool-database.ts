import { ReflexError } from "../../errors/reflex-error.ts";
import { type CallOptions, withTimeLimit } from "../../waiting/time-limit.ts";
import { type CallsUnderWay, callsUnderWay } from "../calls-under-way.ts";
import { CheckedDatabase } from "../checked-database.ts";
import { A_CONNECTION } from "../connection-wait.ts";
import {
  type DatabaseCallOptions,
  defaultAcquireTimeoutMs,
  type IsolationLevel,
  type PoolState,
  type RunResult,
  type Session,
  type SessionOptions,
  type Statement,
  type TransactionOptions,
} from "../database.ts";
import type { Dialect } from "../dialect.ts";
import { mysqlDialect } from "../mysql-dialect.ts";
import { isServersAnswer, meaningOf } from "../sql-errors.ts";
import { ConnectGate } from "./connect-gate.ts";
import { ConnectionExecutor } from "./connection-executor.ts";
import type { DriverConnection, DriverPool } from "./driver.ts";

// How many connections are tried before giving up. A pool may be full of connections with leaked transactions, or of
// ones that the server has closed: it is emptied one by one.
const MOST_UNCLEAN_CONNECTIONS = 100;
// A short limit for ROLLBACK: to close the connection rolls back as well, so that there is no reason to wait long for
// an answer.
const ROLLBACK_LIMIT_MS = 5000;

interface LendingOptions extends TransactionOptions {
  /** Whether it is a call of this library for which any free connection will do. */
  readonly own?: boolean;
}

/** A `Database` over a pool of MySQL or MariaDB connections. */
export class PoolDatabase<Tx> extends CheckedDatabase<Tx> {
  override readonly identity: object;
  override readonly dialect: Dialect = mysqlDialect;
  readonly poolSize: number | undefined;
  readonly #pool: DriverPool<Tx>;
  readonly #gate: ConnectGate<DriverConnection<Tx>>;
  readonly #calls: CallsUnderWay;

  constructor(pool: DriverPool<Tx>) {
    super();
    this.#pool = pool;
    this.poolSize = pool.size;
    this.identity = pool.native;
    this.#gate = new ConnectGate(pool);
    this.#calls = callsUnderWay(pool.native);
  }

  onShortage(listener: () => void): () => void {
    return this.#pool.onShortage(listener);
  }

  poolState(): PoolState | undefined {
    return this.#pool.state();
  }

  protected override runChecked({ sql, params }: Statement, options: DatabaseCallOptions): Promise<RunResult> {
    return this.#transaction((executor) => executor.run(sql, params, limitsOf(options)), { ...options, own: true });
  }

  protected override rowsChecked<R extends object>(
    { sql, params }: Statement,
    options: DatabaseCallOptions,
  ): Promise<R[]> {
    return this.#transaction((executor) => executor.rows<R>(sql, params, limitsOf(options)), {
      ...options,
      readOnly: true,
      isolation: "read committed",
      own: true,
    });
  }

  protected override async sessionChecked<R>(
    use: (session: Session) => Promise<R>,
    options: SessionOptions,
  ): Promise<R> {
    const { isolation = "read committed" } = options;
    const executor = await this.#clean((borrowed) => {
      const opening = settings(isolation, borrowed.connection.charsets);
      borrowed.noteIn(callsUnderWay(use));
      return borrowed.control(opening, limitsOf(options));
    }, options);
    try {
      executor.noteIn(callsUnderWay(executor));
      return await use(executor);
    } finally {
      executor.end();
    }
  }

  protected override transactionChecked<R>(use: (tx: Tx) => Promise<R>, options: TransactionOptions): Promise<R> {
    return this.#transaction((executor) => use(executor.connection.tx), options);
  }

  async #transaction<R>(use: (executor: ConnectionExecutor<Tx>) => Promise<R>, options: LendingOptions): Promise<R> {
    const executor = await this.#clean((borrowed) => begin(borrowed, options), options);
    let result: R;
    try {
      result = await use(executor);
      options.signal?.throwIfAborted();
      if (executor.closed) throw lostBeforeCommit();
    } catch (error) {
      await rollBack(executor);
      throw error;
    }
    // The signal does not count from here on: an abort during COMMIT would leave its outcome unknown for nothing.
    await commit(executor, { timeoutMs: options.timeoutMs });
    executor.connection.release();
    return result;
  }

  /**
   * A connection of the pool on which `open` has succeeded. A connection whose last user leaked a transaction is
   * closed, since START TRANSACTION would commit what that user wrote. So `open` must begin with a statement that the
   * server refuses inside a transaction (error 1568), unless it is certain that the connection is in none.
   */
  async #clean(
    open: (borrowed: ConnectionExecutor<Tx>) => Promise<unknown>,
    options: LendingOptions,
  ): Promise<ConnectionExecutor<Tx>> {
    for (let attempt = 1; ; attempt++) {
      const executor = new ConnectionExecutor(await this.#acquire(options));
      if (options.own === true) executor.noteIn(this.#calls);
      try {
        await open(executor);
        return executor;
      } catch (error) {
        executor.end();
        const meaning = meaningOf(error);
        const unclean =
          meaning === "in_transaction" || meaning === "connection_closed" || meaning === "connection_lost";
        if (!unclean || attempt === MOST_UNCLEAN_CONNECTIONS) throw error;
      }
    }
  }

  #acquire(options: LendingOptions): Promise<DriverConnection<Tx>> {
    options.signal?.throwIfAborted();
    if (options.own !== true) return this.#acquireInTime(options);
    const call = this.#calls.begin(undefined);
    return this.#acquireInTime(options).finally(() => this.#calls.end(call));
  }

  #acquireInTime(options: LendingOptions): Promise<DriverConnection<Tx>> {
    let wanted = true;
    const work = this.#gate.pass(() => wanted);
    return withTimeLimit(work, {
      signal: options.signal,
      timeoutMs: options.acquireTimeoutMs ?? defaultAcquireTimeoutMs,
      what: () => `${A_CONNECTION}${this.#pool.size === undefined ? "" : ` (of ${this.#pool.size})`}`,
      remedy: "give the pool more connections, look for ones never released, or check that the server can be reached",
      frequent: true,
      // The pool may lend a connection long after nobody waits for it. If it were not released, nobody would have it.
      onGivenUp: () => {
        wanted = false;
        work.then((connection) => connection.release()).catch(() => undefined);
      },
    });
  }
}

/** The limits of one statement. */
function limitsOf({ signal, timeoutMs }: CallOptions): CallOptions {
  return { signal, timeoutMs };
}

async function begin(executor: ConnectionExecutor<unknown>, options: TransactionOptions): Promise<void> {
  const { isolation, readOnly } = options;
  const { connection } = executor;
  const limits = limitsOf(options);
  if (isolation === undefined && readOnly !== true && connection.isIdle?.() === true) {
    await executor.control("start transaction", limits);
    if (connection.isReadOnly?.() !== true) return;
    // The session's transactions are read-only unless they say otherwise, as the ones below do.
    await executor.control("rollback", limits);
  }
  await executor.control(oneShot(isolation), limits);
  await executor.control(readOnly === true ? "start transaction read only" : "start transaction", limits);
}

function oneShot(isolation: IsolationLevel | undefined): string {
  return isolation === undefined ? "set transaction read write" : `set transaction isolation level ${isolation}`;
}

/**
 * One statement that gives a session its settings, or none of them inside a transaction: the first one, which is for the next
 * transaction only, is refused there. The variables have one name on MySQL and another on MariaDB.
 */
function settings(isolation: IsolationLevel, charsets: readonly string[]): string {
  const level = isolation.replace(" ", "-");
  const values = [
    `/*M! @@tx_isolation *//*!80000 @@transaction_isolation */ = '${level}'`,
    `/*M! @@session.tx_isolation *//*!80000 @@session.transaction_isolation */ = '${level}'`,
    "/*M! @@session.tx_read_only *//*!80000 @@session.transaction_read_only */ = 0",
    "@@session.autocommit = 1",
    // Whoever has used the connection may have bounded what is read, and what of its text.
    "@@session.sql_select_limit = 18446744073709551615",
    "@@session.sql_big_selects = 1",
    ...charsets,
  ];
  return `set ${values.join(", ")}`;
}

async function commit(executor: ConnectionExecutor<unknown>, options: CallOptions): Promise<void> {
  try {
    await executor.control("commit", options);
  } catch (error) {
    executor.destroy();
    throw commitError(error);
  }
}

function commitError(cause: unknown): unknown {
  const meaning = meaningOf(cause);
  if (meaning === "connection_closed") return lostBeforeCommit(cause);
  if (meaning === "transaction_lost") {
    const message = "the server refused COMMIT and rolled the transaction back; do all of it again";
    return new ReflexError("transaction_lost", message, { cause });
  }
  // The server has refused to commit. It rolls the transaction back once the connection is gone.
  if (isServersAnswer(cause) && meaning !== "connection_lost" && meaning !== "unreachable") return cause;
  const message =
    "the connection was lost while COMMIT ran: the transaction may have committed or not; look for what it wrote before doing it again";
  return new ReflexError("commit_outcome_unknown", message, { cause });
}

async function rollBack(executor: ConnectionExecutor<unknown>): Promise<void> {
  try {
    if (executor.closed) return;
    await executor.control("rollback", { timeoutMs: ROLLBACK_LIMIT_MS });
    executor.connection.release();
  } catch {
    // The error that led here is the one to report. The server rolls back by itself once the connection is closed.
    executor.destroy();
  }
}

function lostBeforeCommit(cause?: unknown): ReflexError {
  return new ReflexError(
    "transaction_lost",
    "the connection was closed before COMMIT was sent: the server rolls the transaction back; do all of it again",
    { cause },
  );
}
