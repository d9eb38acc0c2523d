import type { CallOptions } from "../waiting/time-limit.ts";
import type { Dialect } from "./dialect.ts";

/**
 * A value that may be bound to a placeholder. A `Date` is none: drivers would convert it by the time zone of the
 * process.
 */
export type SqlParam = string | number | bigint | null | Uint8Array;

/** A statement and the values of its placeholders. */
export interface Statement {
  /** The text, with a `?` for each value. */
  readonly sql: string;
  /** The values, in the order of their placeholders. */
  readonly params: readonly SqlParam[];
}

/** What a statement that returns no rows did. */
export interface RunResult {
  /** How many rows the statement matched or changed, as the driver counts them. */
  readonly affectedRows: number;
  /** The id that the server gave to the first inserted row, in decimal and exact beyond 2^53; "0" if it gave none. */
  readonly insertId: string;
  /** How many warnings the server counted at the statement; undefined if the driver does not tell. */
  readonly warnings?: number | undefined;
}

/** What runs SQL. It is all that the insert of an event needs inside a transaction of the caller's. */
export interface Executor {
  /** Runs a statement that returns no rows. `params` fill its `?` placeholders, in order. */
  run(sql: string, params: readonly SqlParam[], options?: CallOptions): Promise<RunResult>;
  /**
   * Runs a query. An integer comes as a number, a bigint or text: whatever form the driver has in which it is exact.
   * Select times as text.
   */
  rows<R extends object>(sql: string, params: readonly SqlParam[], options?: CallOptions): Promise<R[]>;
}

/** A connection that nobody else uses, lent by {@link Database.session}. */
export interface Session extends Executor {
  /** Sends a constant text as it is. It is for what MySQL refuses to prepare: transaction control, SHOW WARNINGS. */
  control<R extends object>(text: string, options?: CallOptions): Promise<R[]>;
}

/** How long to wait for a connection, and for the work on it. */
export interface DatabaseCallOptions extends CallOptions {
  /** The longest to wait for a free connection, in ms. @defaultValue 10 000 */
  acquireTimeoutMs?: number | undefined;
}

/** How a connection is lent, and how long to wait for one. */
export interface SessionOptions extends DatabaseCallOptions {
  /** The isolation level of its transactions. @defaultValue "read committed" */
  isolation?: IsolationLevel | undefined;
}

/** What a transaction sees of other transactions, as SQL names it. */
export type IsolationLevel = "read uncommitted" | "read committed" | "repeatable read" | "serializable";

/** How a transaction runs, and how long to wait for its connection. */
export interface TransactionOptions extends DatabaseCallOptions {
  /** The isolation level. @defaultValue the default of the server or session */
  isolation?: IsolationLevel | undefined;
  /** Whether the server is to refuse writes. @defaultValue false */
  readOnly?: boolean | undefined;
}

/** How a pool's connections are used at one moment. */
export interface PoolState {
  /** The most connections that the pool opens; undefined if it does not tell. */
  readonly limit: number | undefined;
  /** How many connections are lent. */
  readonly lent: number;
  /** How many connections are open and free. */
  readonly idle: number;
  /** How many connections are being opened. */
  readonly connecting: number;
  /** How many callers wait for a connection. */
  readonly waiting: number;
}

/** What streams, cursors and `run` need: a source of connections, such as a pool. Get one with {@link toDatabase}. */
export interface Database<Tx = unknown> extends Executor {
  /** The driver's own pool or handle. Two databases of one identity share readers, cursors and wake-ups. */
  readonly identity: object;
  /** The SQL that its server speaks. */
  readonly dialect: Dialect;
  /** The most connections that the pool opens; undefined if the pool does not tell. */
  readonly poolSize?: number | undefined;
  /** How the pool's connections are used now; undefined if the pool does not tell. */
  poolState?(): PoolState | undefined;
  /** Runs a statement that returns no rows, in a transaction of its own. */
  run(sql: string, params: readonly SqlParam[], options?: DatabaseCallOptions): Promise<RunResult>;
  /** Runs a query of what is committed. */
  rows<R extends object>(sql: string, params: readonly SqlParam[], options?: DatabaseCallOptions): Promise<R[]>;
  /**
   * Calls `listener` whenever someone has to wait for a connection of the pool, so that a connection that is held for
   * convenience can be given back. Returns a function that ends this.
   */
  onShortage?(listener: () => void): () => void;
  /**
   * Lends a connection that nobody else uses: in autocommit mode, in no transaction, with the isolation level asked
   * for. It is closed afterwards instead of given back, since its settings were changed.
   */
  session<R>(use: (session: Session) => Promise<R>, options?: SessionOptions): Promise<R>;
  /**
   * Runs `use` in a transaction. Commits when `use` resolves, rolls back when it throws. `tx` is the driver's own
   * handle.
   */
  transaction<R>(use: (tx: Tx) => Promise<R>, options?: TransactionOptions): Promise<R>;
}

/** The longest wait for a connection where the caller gives no limit, in ms. */
export const defaultAcquireTimeoutMs = 10_000;
/**
 * The longest that a statement may take where the caller gives no limit, in ms. It is longer than the 50 s for which a
 * MySQL server waits for a row lock by default, so that the server's own error comes first.
 */
export const defaultStatementTimeoutMs = 60_000;
