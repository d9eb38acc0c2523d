import type { ReflexEvent } from "./event.ts";
import type { Logger, Observer } from "./observer.ts";
import type { PoolUse } from "./pool-use.ts";
import type { Diagnosable } from "./wait-cause.ts";

/** Where a stream starts and ends, and how fresh its events may be. */
export interface StreamOptions {
  /** Hold back each event until it is this old by the server's clock, in ms. @defaultValue 0 */
  lagMs?: number | undefined;
  /**
   * Start at the present head instead of at the cursor. In `run` it counts only while the consumer has no cursor.
   * @defaultValue false
   */
  fromHead?: boolean | undefined;
  /** End the stream once it has delivered everything that was committed when it started. @defaultValue false */
  toHead?: boolean | undefined;
  /**
   * The position that was stored with the cursor (`CursorStore.getPosition`), with which the row at the cursor is compared
   * at the start. Another row there ends the stream with `history_rewritten`. One that is not a position of this cursor
   * counts as unknown. @defaultValue unknown: whatever row stands at the cursor is taken for the one that was passed
   */
  position?: string | undefined;
  /** Told how the stream goes, if its table has no observer of its own. @defaultValue none */
  observer?: Observer | undefined;
  /** Takes warnings of the stream, if its table has no logger of its own. @defaultValue `process.emitWarning` */
  logger?: Logger | undefined;
  /** Aborting it ends the stream with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Opens a stream of the events after the cursor `after`. "" and "0" stand for the beginning. */
export type StreamFunc<T extends number = number> = (after: string, options?: StreamOptions) => EventStream<T>;

/**
 * Events in ascending order of their ids, none missing. The stream goes on until it is closed, aborted or fails; with
 * `toHead`, until it has reached the head.
 *
 * It has one reader: a second iterator, or `batches()` beside iteration, throws. Nothing is opened until the first
 * `next()` or `start()`.
 * @example
 * for await (const event of orders.stream(pool, "", { signal })) {
 *   await sendMail(event.foreignId, { signal });
 * }
 */
export interface EventStream<T extends number = number>
  extends AsyncIterableIterator<ReflexEvent<T>>,
    AsyncDisposable,
    Diagnosable {
  /** Opens the stream now. Resolves with the cursor that it starts after. */
  start(): Promise<string>;
  /** The same events by the page, which is faster than one at a time. No page is empty. */
  batches(): AsyncIterableIterator<readonly ReflexEvent<T>[]>;
  /**
   * The id of the last row that the stream has handed over or passed, noops included. Another stream can go on from
   * there.
   */
  readonly position: string;
  /**
   * The row at the cursor that the stream started after, once it has started: the one of `StreamOptions.position`, if that
   * was given. It may be without metadata and trace. Undefined if there is no such row, and for a source that does not tell.
   */
  readonly anchor?: ReflexEvent<T> | undefined;
  /** The name of the events table that the stream reads; undefined for a source that has none. */
  readonly table?: string | undefined;
  /** How the stream uses a pool of connections; undefined for a source that has none, or does not tell. */
  readonly pool?: PoolUse | undefined;
  /**
   * Ends the stream. A pending `next()` ends as at the end of a stream. Resolves once the connections are closed that
   * the stream had borrowed, so that the pool can be ended then. A `break`, an abort and the stream's own end wait for
   * that too. Calling it again does nothing.
   */
  close(): Promise<void>;
}
