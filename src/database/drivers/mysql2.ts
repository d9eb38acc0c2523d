import type { PoolState, RunResult, SqlParam } from "../database.ts";
import { type ClosableSocket, closeAfterSending } from "./close-after-sending.ts";
import { type CarriedCharacters, checkCarried } from "./connection-charset.ts";
import {
  bindable,
  type DriverConnection,
  type DriverPool,
  type Opening,
  onEnqueue,
  type PoolEvents,
} from "./driver.ts";
import { type AnsweredCore, isIdle } from "./mysql2-idle.ts";
import { mysql2Opening, type OpeningCore } from "./mysql2-opening.ts";

/** The part of a mysql2 promise connection that is used. */
export interface Mysql2Connection {
  destroy(): void;
}

/** The callback side of the connection, which lies under the promise side. */
interface Mysql2Core extends Omit<AnsweredCore, "stream"> {
  readonly threadId?: number | null;
  readonly stream?: ClosableSocket & AnsweredCore["stream"];
  /** Has the pool forget the connection. Only connections of pools have this and the next. */
  readonly _removeFromPool?: (this: Mysql2Core) => void;
  /** Sends COM_QUIT. On a connection of a pool, `end` only gives it back. */
  readonly _realEnd?: (this: Mysql2Core, onSent: () => void) => unknown;
  /** The character set of the connection, under the name that encoders have for it: "utf8" is utf8mb4. */
  readonly clientEncoding?: string;
  execute(sql: string | object, values: unknown[], settle: Settle): unknown;
  query(sql: string | object, settle: Settle): unknown;
}

type Settle = (error: Error | null, result: unknown) => void;

/** The part of a mysql2 promise pool that is used. */
export interface Mysql2Pool<C extends object = object> {
  /** Lends a connection. */
  getConnection(): Promise<C>;
  /** The callback pool under the promise pool. By it the two sides of one pool are recognised as one. */
  readonly pool: object;
}

/** The part of a mysql2 callback pool that is used. */
export interface Mysql2CallbackPool<C extends object = object> {
  /** The pool's promise side, which is what this library uses. */
  promise(): Mysql2Pool<C>;
}

interface ResultHeader {
  readonly affectedRows: number | string;
  readonly insertId: number | string;
  readonly serverStatus?: unknown;
  readonly warningStatus?: number;
}

// The options of a pool that would change results, each with the value that this library needs. Given with a call, they
// win over the pool's. There is none for jsonStrings: JSON must be cast to text.
const pinned = {
  rowsAsArray: false,
  nestTables: false,
  typeCast: true,
  dateStrings: true,
  // These two together give a number where that is exact, and else text. Text for all numbers would take longer than
  // the rest of a row.
  supportBigNumbers: true,
  bigNumberStrings: false,
  decimalNumbers: false,
  namedPlaceholders: false,
} as const;

const RESULTS: readonly string[] = ["@@session.character_set_results = 'utf8mb4'"];
// What mysql2 calls utf8mb4.
const UTF8MB4 = "utf8";

// The most frequent texts are sent without options, which would cost more than the rest of the call.
const withoutRows = new Set(["start transaction", "commit", "rollback"]);
const SERVER_STATUS_IN_TRANS_READONLY = 0x2000;

/** The callback side of a mysql2 connection of either kind: one object for each socket. */
function mysql2Core(connection: object): object {
  return "connection" in connection && typeof connection.connection === "object" && connection.connection !== null
    ? connection.connection
    : connection;
}

/** A mysql2 connection of either side. */
export function mysql2Connection<Tx extends object>(tx: Tx): DriverConnection<Tx> {
  return new Mysql2DriverConnection(tx);
}

class Mysql2DriverConnection<Tx extends object> implements DriverConnection<Tx> {
  readonly tx: Tx;
  readonly native: Mysql2Core;
  // Each column of a result says in which character set it comes. What is sent has the one that the pool was made with.
  readonly charsets: readonly string[] = RESULTS;
  #status: unknown;

  constructor(tx: Tx) {
    this.tx = tx;
    this.native = mysql2Core(tx) as Mysql2Core;
  }

  // Without options: the result of a statement is one header, whatever they are.
  run(sql: string, params: readonly SqlParam[]): Promise<RunResult> {
    const { clientEncoding = UTF8MB4 } = this.native;
    if (clientEncoding !== UTF8MB4) checkCarried(params, carriedByEncoding(clientEncoding));
    return Array.isArray(params) && params.length === 0 ? this.#send(sql) : this.#execute(sql, params, resultOf);
  }

  rows(sql: string, params: readonly SqlParam[]): Promise<object[]> {
    return this.#execute({ sql, ...pinned }, params, rowsOf);
  }

  control(text: string): Promise<object[]> {
    return new Promise((resolve, reject) => {
      const options = withoutRows.has(text) ? text : { sql: text, ...pinned };
      this.native.query(options, (error, result) => {
        if (error) reject(error);
        else if (Array.isArray(result)) resolve(result as object[]);
        else {
          this.#status = (result as ResultHeader).serverStatus;
          resolve([]);
        }
      });
    });
  }

  // What has no values is not prepared, which would take a round trip of its own.
  #send(sql: string): Promise<RunResult> {
    return new Promise((resolve, reject) => {
      this.native.query({ sql, values: [] }, (error, result) => {
        if (error) reject(error);
        else resolve(resultOf(result));
      });
    });
  }

  // Runs on the callback side, which spares the stack that the promise side records at each call.
  #execute<R>(statement: string | object, params: readonly SqlParam[], toResult: (result: unknown) => R): Promise<R> {
    return new Promise((resolve, reject) => {
      this.native.execute(statement, bindable(params), (error, result) => {
        if (error) reject(error);
        else resolve(toResult(result));
      });
    });
  }

  get threadId(): number | undefined {
    return this.native.threadId ?? undefined;
  }

  get bytesReceived(): number | undefined {
    const bytes = this.native.stream?.bytesRead;
    return typeof bytes === "number" ? bytes : undefined;
  }

  isIdle(): boolean {
    return isIdle(this.native);
  }

  isReadOnly(): boolean {
    return typeof this.#status === "number" && (this.#status & SERVER_STATUS_IN_TRANS_READONLY) !== 0;
  }

  destroy(): void {
    promised(this.tx).destroy();
    destroySocket(this.native);
  }

  hangUp(): void {
    const { native } = this;
    const { stream, _removeFromPool: removeFromPool, _realEnd: sayGoodbye } = native;
    // A tracer may lend another object in the connection's place.
    if (stream === undefined || removeFromPool === undefined || sayGoodbye === undefined) return this.destroy();
    removeFromPool.call(native);
    // Without a function to call, a connection that the server has closed meanwhile would emit an error that nobody handles.
    sayGoodbye.call(native, () => undefined);
    closeAfterSending(stream);
  }

  release(): void {
    (this.tx as { release?: () => void }).release?.();
  }
}

/** A pool of mysql2, given by its promise side. */
export function mysql2Pool<C extends object>(pool: Mysql2Pool<C>): DriverPool<C> {
  const core = pool.pool as PoolEvents & Mysql2PoolQueues & { config?: { connectionLimit?: number } };
  const { config } = core;
  const size = config?.connectionLimit === 0 ? undefined : config?.connectionLimit;
  let opening: Opening | undefined;
  return {
    native: pool.pool,
    size,
    acquire: () => {
      const before = connectionsOf(core);
      const acquiring = pool.getConnection();
      opening = connectionsOf(core) > before ? openingOf(core) : undefined;
      return acquiring.then(mysql2Connection);
    },
    opening: () => opening,
    state: () => mysql2PoolState(core, size),
    onShortage: (listener) => onEnqueue(core, listener),
  };
}

/** The queues of a mysql2 callback pool. They are not documented, but tracers read them too (OpenTelemetry does). */
interface Mysql2PoolQueues {
  readonly _allConnections?: { readonly length: number; toArray(): readonly OpeningCore[] };
  readonly _freeConnections?: { readonly length: number };
  readonly _connectionQueue?: { readonly length: number };
}

function connectionsOf({ _allConnections: all }: Mysql2PoolQueues): number {
  return all?.length ?? 0;
}

/** The newest connection of a pool that has begun to open it. */
function openingOf({ _allConnections: all }: Mysql2PoolQueues): Opening | undefined {
  const newest = all?.toArray().at(-1);
  return newest === undefined ? undefined : mysql2Opening(newest);
}

function mysql2PoolState(queues: Mysql2PoolQueues, limit: number | undefined): PoolState | undefined {
  const { _allConnections: all, _freeConnections: free, _connectionQueue: queue } = queues;
  if (all === undefined || free === undefined || queue === undefined) return undefined;
  // A connection gets its number with the server's greeting.
  const connecting = all.toArray().filter(({ threadId }) => (threadId ?? null) === null).length;
  const lent = all.length - free.length - connecting;
  return { limit, lent, idle: free.length, connecting, waiting: queue.length };
}

// mysql2 only ends its own side of the socket. With a server that hangs, the process could not end either.
function destroySocket(core: { stream?: { destroy?: () => void } | undefined }): void {
  core.stream?.destroy?.();
}

function carriedByEncoding(encoding: string): CarriedCharacters {
  if (encoding === "latin1") return "latin1";
  return encoding === "cesu8" ? "without surrogates" : "ascii";
}

function promised(connection: object): Mysql2Connection {
  const callbackSide = connection as { promise?: () => Mysql2Connection };
  return typeof callbackSide.promise === "function" ? callbackSide.promise() : (connection as Mysql2Connection);
}

function rowsOf(result: unknown): object[] {
  return result as object[];
}

function resultOf(header: unknown): RunResult {
  const { affectedRows, insertId, warningStatus: warnings } = header as ResultHeader;
  return { affectedRows: Number(affectedRows), insertId: String(insertId), warnings };
}
