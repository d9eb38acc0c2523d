import type { ReflexEvent } from "./event.ts";

/** Where a stream starts and ends, and how fresh its events may be. */
export interface StreamOptions {
  /** Hold each event back until it is this old by the server's clock, in ms. @defaultValue 0 */
  lagMs?: number | undefined;
  /** Start at the present head instead of at `after`. In `run` it counts only while the consumer has no cursor. */
  fromHead?: boolean | undefined;
  /** End the stream once it has delivered everything that was committed when it started. */
  toHead?: boolean | undefined;
  /** Aborting it ends the stream with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Opens a stream of the events after the cursor `after`; "" or "0" is the beginning. */
export type StreamFunc<T extends number = number> = (after: string, options?: StreamOptions) => EventStream<T>;

/**
 * Events in ascending order of their ids, none missing. For one reader: a second iterator, or `batches()` beside
 * iteration, throws. Nothing is opened until the first `next()` or `start()`. It goes on until it is closed, aborted or
 * fails; with `toHead`, until the head.
 */
export interface EventStream<T extends number = number> extends AsyncIterableIterator<ReflexEvent<T>>, AsyncDisposable {
  /** Opens the stream now. Resolves with the cursor that it starts after. */
  start(): Promise<string>;
  /** The same events by the page, never an empty one. Faster than one at a time. */
  batches(): AsyncIterableIterator<readonly ReflexEvent<T>[]>;
  /** The id of the last row that the stream handed over or passed, noops included: resume from it. */
  readonly position: string;
  /**
   * Ends the stream; a pending `next()` ends as at the end of a stream. Resolves once the connections that it had borrowed are
   * closed: the pool can be ended then. So it is after a `break`, an abort or the stream's own end. Idempotent.
   */
  close(): Promise<void>;
}
