import { ReflexError } from "../../errors/reflex-error.ts";
import { isError } from "../../errors/thrown.ts";
import type { PoolState, SqlParam } from "../database.ts";
import { type ClosableSocket, closeAfterSending } from "./close-after-sending.ts";
import {
  type CarriedCharacters,
  CHARSET_QUESTION,
  carriedBy,
  checkCarried,
  hasMoreThanAscii,
} from "./connection-charset.ts";
import { bindable, type DriverConnection, type DriverPool, onEnqueue, type PoolEvents } from "./driver.ts";
import { type AnsweredConnection, isIdle, isReadOnly, type SessionInfo } from "./mariadb-idle.ts";

/** The part of a connection of the mariadb driver that is used. */
export interface MariadbConnection {
  execute(statement: string | object, values: unknown[]): Promise<unknown>;
  query(statement: string | object): Promise<unknown>;
  destroy(): void;
  readonly threadId?: number | null;
  /** What is known of the physical connection: one object for each, whichever handle is lent. */
  readonly info?: SessionInfo | null;
}

/** The part of a pool of the mariadb driver that is used. */
export interface MariadbPool<C extends object = object> {
  /** Lends a connection. */
  getConnection(): Promise<C>;
  /** How many connections are open. Only pools of this driver have it. */
  totalConnections(): number;
  /** How many connections are lent. Only pools of this driver have it. */
  activeConnections(): number;
  /** How many callers wait for a connection. */
  taskQueueSize(): number;
}

interface OkPacket {
  readonly affectedRows: number;
  readonly insertId: bigint;
  readonly warningStatus: number;
}

// The most frequent texts are sent without options.
const withoutRows = new Set(["start transaction", "commit", "rollback"]);
const ER_GET_CONNECTION_TIMEOUT = 45028;

// The options of a pool that would change results, each with the value that this library needs. Given with a call, they
// win over the pool's.
const pinned = {
  rowsAsArray: false,
  nestTables: false,
  typeCast: undefined,
  dateStrings: true,
  metaAsArray: false,
  bigIntAsNumber: false,
  insertIdAsNumber: false,
  decimalAsNumber: false,
  supportBigNumbers: false,
  bigNumberStrings: false,
  checkNumberRange: false,
  autoJsonMap: false,
  jsonStrings: true,
  namedPlaceholders: false,
} as const;

/** The driver hears of the first of them, and then reads and sends text so. */
const UTF8MB4: readonly string[] = ["client", "connection", "results"].map(
  (use) => `@@session.character_set_${use} = 'utf8mb4'`,
);

/**
 * A connection of the mariadb driver. Its handles hide the connection under them, so that the handle which the pool
 * lends is its key.
 */
export function mariadbConnection<Tx extends object>(tx: Tx): DriverConnection<Tx> {
  const before = driverConnections.get(tx);
  if (before !== undefined) return before as DriverConnection<Tx>;
  const made = makeConnection(tx);
  driverConnections.set(tx, made);
  return made;
}

// A transaction comes here several times with the same handle.
const driverConnections = new WeakMap<object, DriverConnection<object>>();

function makeConnection<Tx extends object>(tx: Tx): DriverConnection<Tx> {
  const connection = tx as Tx & MariadbConnection;
  const execute = (sql: string, params: readonly SqlParam[]): Promise<unknown> =>
    connection.execute({ sql, ...pinned }, bindable(params));
  return {
    tx,
    native: tx,
    get threadId() {
      return connection.threadId ?? undefined;
    },
    get bytesReceived() {
      const bytes = connectionUnder(connection)?.socket?.bytesRead;
      return typeof bytes === "number" ? bytes : undefined;
    },
    run: async (sql, params) => {
      if (mayLackCharacters(connection) && hasMoreThanAscii(params)) checkCarried(params, await carried(connection));
      // What has no values is not prepared, which would take a round trip of its own.
      const statement = changesNoResult(connectionUnder(connection)) ? sql : { sql, ...pinned };
      const sent =
        Array.isArray(params) && params.length === 0
          ? connection.query(statement)
          : connection.execute(statement, bindable(params));
      const { affectedRows, insertId, warningStatus: warnings } = (await sent) as OkPacket;
      return { affectedRows, insertId: String(insertId), warnings };
    },
    rows: async (sql, params) => [...((await execute(sql, params)) as object[])],
    control: async (text) => {
      const result = await connection.query(withoutRows.has(text) ? text : { sql: text, ...pinned });
      return !withoutRows.has(text) && Array.isArray(result) ? (result as object[]) : [];
    },
    charsets: UTF8MB4,
    isIdle: () => isIdle(connection, connectionUnder(connection)),
    isReadOnly: () => isReadOnly(connection),
    destroy: () => connection.destroy(),
    hangUp: () => hangUp(connection),
    release: () => {
      const { release } = connection as { release?: () => Promise<void> };
      // The driver rolls back what was left open. If that fails, the connection is gone, and the pool notices it too.
      release?.call(connection).catch(() => undefined);
    },
  };
}

/**
 * Whether no option of the pool changes how values are bound and what a statement without rows results in. Options that are given
 * with a statement cost more than the rest of the call.
 */
function changesNoResult(lent: LentConnection | undefined): boolean {
  const { opts } = lent ?? {};
  if (opts === undefined) return false;
  const { namedPlaceholders, insertIdAsNumber, supportBigNumbers, metaAsArray } = opts;
  return !namedPlaceholders && !insertIdAsNumber && !supportBigNumbers && !metaAsArray;
}

const known = new WeakMap<object, CarriedCharacters>();

function mayLackCharacters(connection: MariadbConnection): boolean {
  return known.get(connection.info ?? connection) !== "all";
}

/** The driver does not always tell the character set of a connection. So the server is asked, once a connection. */
async function carried(connection: MariadbConnection): Promise<CarriedCharacters> {
  const key = connection.info ?? connection;
  const before = known.get(key);
  if (before !== undefined) return before;
  const [row] = (await connection.query({ sql: CHARSET_QUESTION, ...pinned })) as { charset_text: string }[];
  const characters = carriedBy(row?.charset_text ?? "");
  known.set(key, characters);
  return characters;
}

/** A pool of the mariadb driver. */
export function mariadbPool<C extends object>(pool: MariadbPool<C>): DriverPool<C> {
  return {
    native: pool,
    size: undefined,
    state: () => mariadbPoolState(pool),
    // The event also comes while the pool makes the connection that is waited for: there is no telling which it is.
    onShortage: (listener) => onEnqueue(pool as PoolEvents, listener),
    acquire: async () => {
      try {
        return mariadbConnection(await pool.getConnection());
      } catch (error) {
        throw noneFree(error) ?? whyNone(error);
      }
    },
  };
}

/** The connection under the handle that a pool lends. The pool has given it `forceEnd`, since its `end` gives it back. */
interface LentConnection extends AnsweredConnection {
  readonly socket?: ClosableSocket;
  /** The options of its pool, as far as they matter here. */
  readonly opts?: Partial<
    Record<"namedPlaceholders" | "insertIdAsNumber" | "supportBigNumbers" | "metaAsArray", boolean>
  >;
  forceEnd?(command: null, onEnd: () => void, onError: () => void): void;
}

interface HandleEvents {
  on?(event: string, listener: (this: LentConnection) => void): unknown;
  off?(event: string, listener: (this: LentConnection) => void): unknown;
}

const ignore = (): void => undefined;

function hangUp(connection: MariadbConnection): void {
  const lent = connectionUnder(connection);
  const socket = lent?.socket;
  if (lent?.forceEnd === undefined || socket === undefined) return connection.destroy();
  lent.forceEnd(null, ignore, ignore);
  // A connection that is ending already is not cut off by this, but its pool forgets it.
  connection.destroy();
  closeAfterSending(socket);
}

// By what is known of the physical connection.
const connections = new WeakMap<object, LentConnection>();

/** The connection under a handle. The handle passes listeners on to it, and a new listener is an event too. */
function connectionUnder(connection: MariadbConnection): LentConnection | undefined {
  const key = connection.info ?? connection;
  const before = connections.get(key);
  if (before !== undefined) return before;
  const handle = connection as HandleEvents;
  const note = function (this: LentConnection): void {
    connections.set(key, this);
  };
  handle.on?.("newListener", note);
  handle.on?.("lent", ignore);
  handle.off?.("newListener", note);
  handle.off?.("lent", ignore);
  return connections.get(key);
}

function mariadbPoolState(pool: MariadbPool): PoolState {
  const [lent, waiting] = [pool.activeConnections(), pool.taskQueueSize()];
  const idle = Math.max(0, pool.totalConnections() - lent);
  // The pool opens one connection at a time, and does not count it. Where callers wait though none is lent, it does.
  return { limit: undefined, lent, idle, connecting: waiting > 0 && lent === 0 ? 1 : 0, waiting };
}

/** The error that the pool's time-out hides: its own tells neither the address nor what the server answered. */
function whyNone(error: unknown): unknown {
  const { errno, cause } = Object(error) as { errno?: unknown; cause?: unknown };
  return errno === ER_GET_CONNECTION_TIMEOUT && isError(cause) ? cause : error;
}

// The error of a pool whose connections are all lent. Where the pool's time-out has a cause, no connection could be
// made. A driver older than 3.4.1 tells a cause of neither.
function noneFree(error: unknown): ReflexError | undefined {
  const { errno, cause, sqlMessage } = Object(error) as { errno?: unknown; cause?: unknown; sqlMessage?: unknown };
  if (errno !== ER_GET_CONNECTION_TIMEOUT || cause !== undefined) return undefined;
  return new ReflexError(
    "time_limit",
    `waited for a connection of the pool until its own acquireTimeout: ${String(sqlMessage)}; give the pool more connections, look for ones never released, or check that the server can be reached`,
    { cause: error },
  );
}
