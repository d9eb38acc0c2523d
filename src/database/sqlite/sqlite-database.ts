import { AsyncLocalStorage } from "node:async_hooks";
import { typeMistake } from "../../errors/reflex-error.ts";
import { Mutex } from "../../waiting/mutex.ts";
import { type CallOptions, timeLimitError } from "../../waiting/time-limit.ts";
import { CheckedDatabase } from "../checked-database.ts";
import {
  type DatabaseCallOptions,
  defaultAcquireTimeoutMs,
  defaultStatementTimeoutMs,
  type RunResult,
  type Session,
  type SessionOptions,
  type Statement,
  type TransactionOptions,
} from "../database.ts";
import type { Dialect } from "../dialect.ts";
import { type BusyLimit, isBusy, retryUntilDone, retryWhileBusy } from "./sqlite-busy.ts";
import { SqliteConnection } from "./sqlite-connection.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";
import type { SqliteHandle } from "./sqlite-handle.ts";
import { sqliteSession } from "./sqlite-session.ts";
import { checkNotLost, SqliteTransaction, type TransactionState } from "./sqlite-transaction.ts";

// What is waited for, and what to do about it, as the messages of time limits say it.
const QUEUE = "the transactions before this one on the SQLite handle";
const WRITE_LOCK = "the write lock of the SQLite database, which another connection or process holds";
const READ_LOCK = "a read lock on the SQLite database, while another connection or process commits";
const OPEN_TRANSACTION = "the end of a transaction that was begun by hand on the SQLite handle";
const COMMIT = "other connections to end their reads of the SQLite database, so that the transaction could commit";
const KEEP_SHORT = "keep transactions short, or raise acquireTimeoutMs";
const ROLLED_BACK = "it was rolled back; try it again, or set journal_mode to wal, where readers hold up no commit";

const databases = new WeakMap<SqliteHandle, SqliteDatabase<SqliteHandle>>();

/**
 * The one {@link SqliteDatabase} of this handle.
 * @throws TypeError `invalid_argument` if the handle can't be used
 */
export function sqliteDatabase<H extends SqliteHandle>(handle: H): SqliteDatabase<H> {
  const known = databases.get(handle);
  const database = known ?? new SqliteDatabase<SqliteHandle>(handle);
  if (known === undefined) databases.set(handle, database);
  return database as unknown as SqliteDatabase<H>;
}

/**
 * A SQLite handle as a `Database`. Transactions on one handle run one after the other. Reads never see what is not
 * committed: those of a database file go through a second connection, those of a database in memory wait their turn.
 * Isolation levels are ignored, since transactions of SQLite are always serializable.
 */
export class SqliteDatabase<H extends SqliteHandle> extends CheckedDatabase<SqliteTransaction<H>> {
  override readonly identity: H;
  override readonly dialect: Dialect = sqliteDialect;
  readonly #connection: SqliteConnection;
  readonly #mutex = new Mutex();
  readonly #inside = new AsyncLocalStorage<TransactionState>();
  #second: SqliteConnection | undefined;
  #ownTransaction = false;
  #secondWrites = 0;
  #dataVersion = "";

  constructor(handle: H) {
    super();
    this.identity = handle;
    this.#connection = new SqliteConnection(handle);
  }

  protected override runChecked(
    { sql, params }: Statement,
    { signal, timeoutMs }: DatabaseCallOptions,
  ): Promise<RunResult> {
    const limits = { signal, acquireTimeoutMs: timeoutMs };
    return this.transaction((tx) => tx.run(sql, params, { signal, timeoutMs }), limits);
  }

  protected override async rowsChecked<R extends object>(
    { sql, params }: Statement,
    options: CallOptions,
  ): Promise<R[]> {
    this.#refuseNested();
    const { signal, timeoutMs = defaultStatementTimeoutMs } = options;
    const limit: BusyLimit = { signal, timeoutMs, since: performance.now(), what: READ_LOCK };
    if (this.#connection.file === "") return (await this.#rowsInMemory({ sql, params }, limit)) as R[];
    return (await retryWhileBusy(() => this.#openSecond().rows(sql, params), limit)) as R[];
  }

  /**
   * A session, whose statements are each on their own. On a database in memory they take turns with the transactions of
   * the handle.
   */
  protected override async sessionChecked<R>(
    use: (session: Session) => Promise<R>,
    options: SessionOptions,
  ): Promise<R> {
    this.#refuseNested();
    options.signal?.throwIfAborted();
    return use(
      sqliteSession({
        run: (statement, limits) => this.#runOnSecond(statement, limits),
        rows: (statement, limits) => this.rowsChecked(statement, limits),
      }),
    );
  }

  /**
   * Runs `use` in a transaction that holds the write lock from its start, unless it is read-only. Neither the signal
   * nor a limit cuts `use` short, since what `use` then ran on the handle would lie outside of the transaction. Instead
   * the transaction is rolled back once `use` has settled.
   */
  protected override async transactionChecked<R>(
    use: (tx: SqliteTransaction<H>) => Promise<R>,
    options: TransactionOptions,
  ): Promise<R> {
    this.#refuseNested();
    this.#refuseForeign();
    const { signal, acquireTimeoutMs: timeoutMs = defaultAcquireTimeoutMs } = options;
    const limit: BusyLimit = { signal, timeoutMs, since: performance.now(), what: WRITE_LOCK, remedy: KEEP_SHORT };
    const inTurn = async (): Promise<R> => {
      const end = await retryWhileBusy(() => this.#begin(options.readOnly ?? false), limit);
      try {
        return await this.#useAndCommit(use, { ...options, acquireTimeoutMs: timeoutMs });
      } finally {
        end();
      }
    };
    return this.#mutex.run(inTurn, { ...limit, what: QUEUE });
  }

  /**
   * A text that changes when something was committed to the database file, by whatever connection or process. It costs
   * next to nothing. For a database in memory it counts the changes that were made through the handle.
   */
  dataVersion(): string {
    this.#connection.checkOpen();
    try {
      this.#dataVersion = this.#connection.file === "" ? this.#countChanges() : this.#readDataVersion();
    } catch (error) {
      // Someone is committing at this moment: the next call will show it.
      if (!isBusy(error)) throw error;
    }
    return this.#dataVersion;
  }

  /** Closes what this library has opened, which is not your handle. A later read opens it again. */
  close(): void {
    this.#second?.close();
    this.#second = undefined;
  }

  async #useAndCommit<R>(use: (tx: SqliteTransaction<H>) => Promise<R>, options: TransactionOptions): Promise<R> {
    const { signal, timeoutMs = Number.POSITIVE_INFINITY, acquireTimeoutMs = defaultAcquireTimeoutMs } = options;
    const since = performance.now();
    const state: TransactionState = { active: true };
    const tx = new SqliteTransaction(this.identity, this.#connection, state);
    try {
      const result = await this.#inside.run(state, async () => use(tx));
      state.active = false;
      if (performance.now() - since > timeoutMs)
        throw timeLimitError({ what: "the transaction's own work" }, timeoutMs);
      const limit: BusyLimit = { signal, timeoutMs: acquireTimeoutMs, what: COMMIT, remedy: ROLLED_BACK };
      await retryWhileBusy(() => this.#commit(), limit);
      return result;
    } finally {
      state.active = false;
    }
  }

  /**
   * Begins a transaction. Returns a function that rolls it back if it is still open, and restores the handle's own
   * settings.
   */
  #begin(readOnly: boolean): () => void {
    this.#refuseForeign();
    const connection = this.#connection;
    const [mode] = readOnly ? connection.rows("pragma query_only", []) : [];
    connection.exec(readOnly ? "begin" : "begin immediate");
    this.#ownTransaction = true;
    if (readOnly) connection.exec("pragma query_only = 1");
    return () => {
      this.#rollBack();
      if (connection.open && mode !== undefined) connection.exec(`pragma query_only = ${Number(mode["query_only"])}`);
    };
  }

  #commit(): void {
    checkNotLost(this.#connection);
    this.#connection.exec("commit");
    this.#ownTransaction = false;
  }

  #rollBack(): void {
    try {
      // After this library's commit, a transaction on the handle is someone else's.
      if (this.#ownTransaction && this.#connection.inTransaction) this.#connection.exec("rollback");
    } catch {
      // The error that led to the rollback says more.
    } finally {
      this.#ownTransaction = false;
    }
  }

  #rowsInMemory(query: Statement, limit: BusyLimit): Promise<object[]> {
    const read = (): { value: object[] } | undefined =>
      this.#connection.inTransaction ? undefined : { value: this.#connection.rows(query.sql, query.params) };
    const inTurn = (): Promise<object[]> => retryUntilDone(read, { ...limit, what: OPEN_TRANSACTION });
    return this.#mutex.run(inTurn, { ...limit, what: QUEUE });
  }

  async #runOnSecond({ sql, params }: Statement, options: CallOptions): Promise<RunResult> {
    if (this.#connection.file === "") return this.runChecked({ sql, params }, options);
    this.#refuseNested();
    const { signal, timeoutMs = defaultStatementTimeoutMs } = options;
    const limit: BusyLimit = { signal, timeoutMs, what: WRITE_LOCK, remedy: KEEP_SHORT };
    const result = await retryWhileBusy(() => this.#openSecond().run(sql, params), limit);
    // The commits of a connection don't change the data_version that the same connection sees.
    this.#secondWrites += 1;
    return result;
  }

  #openSecond(): SqliteConnection {
    if (!this.#connection.open) this.close();
    this.#connection.checkOpen();
    this.#second ??= this.#connection.openSecond();
    return this.#second;
  }

  #readDataVersion(): string {
    const [row] = this.#openSecond().rows("pragma data_version", []);
    return `${Number(row?.["data_version"])}.${this.#secondWrites}`;
  }

  #countChanges(): string {
    const [row] = this.#connection.rows("select cast(total_changes() as text) as changes", []);
    return row?.["changes"] as string;
  }

  #refuseNested(): void {
    if (this.#inside.getStore()?.active !== true) return;
    throw typeMistake(
      "invalid_argument",
      "the SQLite handle was used inside its own transaction(), where it would wait for itself; pass the tx instead",
    );
  }

  #refuseForeign(): void {
    this.#connection.checkOpen();
    if (this.#ownTransaction || !this.#connection.inTransaction) return;
    throw typeMistake(
      "invalid_argument",
      "the SQLite handle is in a transaction that was begun by hand; begin it with transaction() and pass its tx",
    );
  }
}
