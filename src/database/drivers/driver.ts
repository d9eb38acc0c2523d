import type { PoolState, RunResult, SqlParam } from "../database.ts";
import { checkParam, checkParamList } from "../sql-param.ts";

/** One connection, alike for all drivers. Its calls may hang: limits are the caller's affair. */
export interface DriverConnection<Tx> {
  /** The driver's own handle, as users know it. */
  readonly tx: Tx;
  /** One object for each physical connection, through whatever handle it is reached. */
  readonly native: object;
  /** Runs a prepared statement with values. What it refuses to send it may throw or reject with. */
  run(sql: string, params: readonly SqlParam[]): Promise<RunResult>;
  /** Runs a prepared query with values. Integers and times come as the SQL casts them. */
  rows(sql: string, params: readonly SqlParam[]): Promise<object[]>;
  /** Runs a constant text that MySQL refuses to prepare, such as COMMIT. Resolves with its rows, if it has any. */
  control(text: string): Promise<object[]>;
  /**
   * Whether it is certain that the session is in no transaction, whoever has used the connection before. Only drivers
   * have this that show what the server says of the session.
   */
  isIdle?(): boolean;
  /** Whether the transaction that `control` has begun refuses writes. */
  isReadOnly?(): boolean;
  /** The character sets that text must have in a session of this library for the driver to read it as it is. */
  readonly charsets: readonly string[];
  /** The session's number on its server, as `KILL` takes it; undefined if the driver does not tell. */
  readonly threadId?: number | undefined;
  /** How many bytes the server has sent so far; undefined if the driver does not tell. */
  readonly bytesReceived?: number | undefined;
  /** Closes the socket at once. The server counts that as an aborted client. */
  destroy(): void;
  /** Takes leave of the server and closes the socket. No statement may be under way. */
  hangUp(): void;
  /** Gives it back to its pool. */
  release(): void;
}

/** A connection that a pool has begun to open. */
export interface Opening {
  /**
   * What is waited for: "unanswered" for a first answer from the server's operating system, "silent" for the server's greeting.
   * Undefined before that, as while a name is looked up, and after it.
   */
  readonly phase: "unanswered" | "silent" | undefined;
  /** The driver's own time limit for it, in ms. */
  readonly limitMs: number;
  /** Ends it: the pool forgets it, and whoever waits for it gets the error of a time-out. */
  giveUp(): void;
}

/** A pool of a driver. */
export interface DriverPool<Tx> {
  readonly native: object;
  /** The most connections that the pool opens; undefined if it does not tell. */
  readonly size: number | undefined;
  acquire(): Promise<DriverConnection<Tx>>;
  /** What the last call of `acquire` has begun to open; undefined if nothing. Only drivers have this that show it. */
  opening?(): Opening | undefined;
  /** How its connections are used now; undefined if it does not tell. */
  state(): PoolState | undefined;
  /** Calls `listener` whenever someone has to wait for a connection. Returns a function that ends this. */
  onShortage(listener: () => void): () => void;
}

/**
 * The parameters in the form in which drivers bind them. The mariadb driver would store a plain `Uint8Array` as JSON
 * text.
 * @throws TypeError `invalid_argument`
 */
export function bindable(params: readonly SqlParam[]): (string | number | bigint | null | Buffer)[] {
  checkParamList(params);
  return params.map((param) => {
    // Most parameters are text, and an insert of many events has thousands.
    if (typeof param === "string") return param;
    if (param instanceof Uint8Array) return Buffer.from(param.buffer, param.byteOffset, param.byteLength);
    checkParam(param);
    return param;
  });
}

/** The part of a driver's pool that tells of what happens in it. */
export interface PoolEvents {
  on?(event: "enqueue", listener: () => void): unknown;
  off?(event: "enqueue", listener: () => void): unknown;
}

/** Listens to a pool for requests that have to wait. A pool that is wrapped may not tell of them. */
export function onEnqueue(pool: PoolEvents, listener: () => void): () => void {
  pool.on?.("enqueue", listener);
  return () => void pool.off?.("enqueue", listener);
}
