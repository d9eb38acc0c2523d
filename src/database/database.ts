import type { CallOptions } from "../waiting/time-limit.ts";
import type { Dialect } from "./dialect.ts";

/** A value that may be bound to a placeholder. No `Date`: drivers convert it by the time zone of the process. */
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
  /** Rows that the statement matched or changed, as the driver counts them. */
  readonly affectedRows: number;
  /** The id that the server gave to the first inserted row, in decimal; "0" if none. Exact beyond 2^53. */
  readonly insertId: string;
}

/** What runs SQL: enough to insert an event inside a transaction of the caller's. */
export interface Executor {
  /** Runs a statement that returns no rows. `params` fill its `?` placeholders, in order. */
  run(sql: string, params: readonly SqlParam[], options?: CallOptions): Promise<RunResult>;
  /** Runs a query. An integer comes as a number, a bigint or, where a number would not be exact, text; select times as text. */
  rows<R extends object>(sql: string, params: readonly SqlParam[], options?: CallOptions): Promise<R[]>;
}

/** A connection of one's own, lent by {@link Database.session}. */
export interface Session extends Executor {
  /** Sends a constant text as it is, for what MySQL refuses to prepare: transaction control, SHOW WARNINGS. */
  control<R extends object>(text: string, options?: CallOptions): Promise<R[]>;
}

/** How long to wait for a connection, and for what is done on it. */
export interface DatabaseCallOptions extends CallOptions {
  /** The longest to wait for a free connection, in ms. @defaultValue 10 000 */
  acquireTimeoutMs?: number | undefined;
}

/** How a connection is lent, and how long to wait for one. */
export interface SessionOptions extends DatabaseCallOptions {
  /** @defaultValue "read committed" */
  isolation?: IsolationLevel | undefined;
}

/** What a transaction sees of others, as SQL names it. */
export type IsolationLevel = "read uncommitted" | "read committed" | "repeatable read" | "serializable";

/** How a transaction runs, and how long to wait for its connection. */
export interface TransactionOptions extends DatabaseCallOptions {
  /** @defaultValue the default of the server or session */
  isolation?: IsolationLevel | undefined;
  /** Whether the server shall refuse writes. @defaultValue false */
  readOnly?: boolean | undefined;
}

/** What streams, cursors and `run` need: a source of sessions, such as a pool. Get one with {@link toDatabase}. */
export interface Database<Tx = unknown> extends Executor {
  /** The native pool or handle. Two databases with one identity share readers, cursors and notifies. */
  readonly identity: object;
  /** The SQL of its server. */
  readonly dialect: Dialect;
  /** The most connections that the pool opens; undefined if it does not tell. */
  readonly poolSize?: number | undefined;
  /** As of an {@link Executor}, in a transaction of its own. */
  run(sql: string, params: readonly SqlParam[], options?: DatabaseCallOptions): Promise<RunResult>;
  /** As of an {@link Executor}, of what is committed. */
  rows<R extends object>(sql: string, params: readonly SqlParam[], options?: DatabaseCallOptions): Promise<R[]>;
  /**
   * Calls `listener` whenever someone has to wait for a connection of the pool, so that one held for convenience can be
   * given back. Returns a function that ends it.
   */
  onShortage?(listener: () => void): () => void;
  /**
   * Lends a connection that no one else uses, in autocommit mode, with the isolation level asked for, in no
   * transaction. It is closed afterwards, not given back: its variables were changed.
   */
  session<R>(use: (session: Session) => Promise<R>, options?: SessionOptions): Promise<R>;
  /** Runs `use` in a transaction: commits when it resolves, rolls back when it throws. `tx` is the driver's own handle. */
  transaction<R>(use: (tx: Tx) => Promise<R>, options?: TransactionOptions): Promise<R>;
}

/** Limits that hold where the caller gives none. */
export const defaultAcquireTimeoutMs = 10_000;
/** Longer than the 50 s that a MySQL server waits for a row lock by default, so that its own error comes first. */
export const defaultStatementTimeoutMs = 60_000;
