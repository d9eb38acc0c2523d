import type { RunResult, SqlParam } from "../database.ts";
import { checkParam, checkParamList } from "../sql-param.ts";

/** One connection of a driver, with the differences between drivers taken out. Calls may hang: no limits here. */
export interface DriverConnection<Tx> {
  /** The driver's own handle, as users know it. */
  readonly tx: Tx;
  /** One object per physical connection, whatever handle it is reached by. */
  readonly native: object;
  /** A statement with values, prepared. */
  run(sql: string, params: readonly SqlParam[]): Promise<RunResult>;
  /** A query with values, prepared. Cells that are integers or times come as the SQL casts them. */
  rows(sql: string, params: readonly SqlParam[]): Promise<object[]>;
  /** A constant text that MySQL refuses to prepare, such as COMMIT. Resolves with its rows, if it has any. */
  control(text: string): Promise<object[]>;
  /**
   * Whether it is certain that the session is in no transaction, whoever has used the connection. On drivers that show what
   * the server says of it.
   */
  isIdle?(): boolean;
  /** Whether the transaction that `control` has begun refuses writes. */
  isReadOnly?(): boolean;
  /** Closes the socket at once. */
  destroy(): void;
  /** Gives it back to its pool. */
  release(): void;
}

/** A pool of a driver. */
export interface DriverPool<Tx> {
  readonly native: object;
  /** The most connections that it opens; undefined if it does not tell. */
  readonly size: number | undefined;
  acquire(): Promise<DriverConnection<Tx>>;
  /** Calls `listener` whenever someone has to wait for a connection. Returns a function that ends it. */
  onShortage(listener: () => void): () => void;
}

/**
 * The parameters as drivers bind them: mariadb would store a plain `Uint8Array` as JSON text.
 * @throws TypeError `invalid_argument`
 */
export function bindable(params: readonly SqlParam[]): (string | number | bigint | null | Buffer)[] {
  checkParamList(params);
  return params.map((param) => {
    // Most are text, and an insert of many events has thousands.
    if (typeof param === "string") return param;
    if (param instanceof Uint8Array) return Buffer.from(param.buffer, param.byteOffset, param.byteLength);
    checkParam(param);
    return param;
  });
}

/** The part of a driver's pool that tells what happens in it. */
export interface PoolEvents {
  on?(event: "enqueue", listener: () => void): unknown;
  off?(event: "enqueue", listener: () => void): unknown;
}

/** Listens to a pool for requests that have to wait. Pools that are wrapped may not tell. */
export function onEnqueue(pool: PoolEvents, listener: () => void): () => void {
  pool.on?.("enqueue", listener);
  return () => void pool.off?.("enqueue", listener);
}
