import type { RunResult, SqlParam } from "../database.ts";
import { bindable, type DriverConnection, type DriverPool, onEnqueue, type PoolEvents } from "../driver.ts";

/** The part of a mysql2 promise connection that is used. */
export interface Mysql2Connection {
  execute(options: object, values: unknown[]): Promise<[unknown, unknown]>;
  query(options: object): Promise<[unknown, unknown]>;
  destroy(): void;
}

/** The part of a mysql2 promise pool that is used. */
export interface Mysql2Pool<C extends object = object> {
  /** Lends a connection. */
  getConnection(): Promise<C>;
  /** The callback pool under it, by which the two sides of one pool are known as one. */
  readonly pool: object;
}

/** The part of a mysql2 callback pool that is used. */
export interface Mysql2CallbackPool<C extends object = object> {
  /** Its side with promises, which is what is used. */
  promise(): Mysql2Pool<C>;
}

interface ResultHeader {
  readonly affectedRows: number | string;
  readonly insertId: number | string;
}

// What a pool's own options would change in results; given per call, they win. But not jsonStrings: cast JSON to text.
const pinned = {
  rowsAsArray: false,
  nestTables: false,
  typeCast: true,
  dateStrings: true,
  // Together: a number where that is exact, else text. Text for all would take longer than the rest of a row.
  supportBigNumbers: true,
  bigNumberStrings: false,
  decimalNumbers: false,
  namedPlaceholders: false,
} as const;

/** The core connection under a mysql2 promise or callback connection: one object per socket. */
export function mysql2Core(connection: object): object {
  return "connection" in connection && typeof connection.connection === "object" && connection.connection !== null
    ? connection.connection
    : connection;
}

/** A mysql2 connection of either kind. */
export function mysql2Connection<Tx extends object>(tx: Tx): DriverConnection<Tx> {
  const connection = promised(tx);
  return {
    tx,
    native: mysql2Core(tx),
    run: async (sql, params) => resultOf((await execute(connection, sql, params))[0] as ResultHeader),
    rows: async (sql, params) => (await execute(connection, sql, params))[0] as object[],
    control: async (text) => {
      const [result] = await connection.query({ sql: text, ...pinned });
      return Array.isArray(result) ? (result as object[]) : [];
    },
    destroy: () => {
      connection.destroy();
      destroySocket(mysql2Core(tx));
    },
    release: () => (connection as Mysql2Connection & { release?: () => void }).release?.(),
  };
}

/** A mysql2 pool, from its promise side. */
export function mysql2Pool<C extends object>(pool: Mysql2Pool<C>): DriverPool<C> {
  const core = pool.pool as PoolEvents & { config?: { connectionLimit?: number } };
  const { config } = core;
  return {
    native: pool.pool,
    size: config?.connectionLimit === 0 ? undefined : config?.connectionLimit,
    acquire: async () => mysql2Connection(await pool.getConnection()),
    onShortage: (listener) => onEnqueue(core, listener),
  };
}

// mysql2 only ends its own side of the socket: with a server that hangs, the process could not end either.
function destroySocket(core: { stream?: { destroy?: () => void } }): void {
  core.stream?.destroy?.();
}

function promised(connection: object): Mysql2Connection {
  const callbackSide = connection as { promise?: () => Mysql2Connection };
  return typeof callbackSide.promise === "function" ? callbackSide.promise() : (connection as Mysql2Connection);
}

function execute(connection: Mysql2Connection, sql: string, params: readonly SqlParam[]): Promise<[unknown, unknown]> {
  return connection.execute({ sql, ...pinned }, bindable(params));
}

function resultOf(header: ResultHeader): RunResult {
  return { affectedRows: Number(header.affectedRows), insertId: String(header.insertId) };
}
