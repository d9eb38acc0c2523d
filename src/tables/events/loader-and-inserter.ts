import type { Executor } from "../../database/database.ts";
import type { ReflexEvent } from "../../reflex/event.ts";

/** What a loader is asked for. */
export interface LoadRequest {
  /** Events with ids beyond this one, in decimal. */
  readonly after: string;
  /** The most events that are wanted. */
  readonly limit: number;
  /** Aborted when no one waits for the events any more, or when they took too long. */
  readonly signal: AbortSignal;
}

/**
 * Reads events in place of the table's own query: of another layout, or with more in their metadata. `db` is the
 * connection that all streams of the pool read through, in autocommit mode.
 *
 * It must return every committed event beyond `after`, ascending, up to `limit` of them, and the same for an id each time:
 * one that it leaves out is a gap at which streams wait. Make events with `makeEvent`.
 */
export type EventsLoader = (db: Executor, request: LoadRequest) => Promise<readonly ReflexEvent[]>;

/** An event for an {@link EventsInserter}, checked. */
export interface EventToStore {
  /** Of an `EventsTableInt` in decimal. */
  readonly foreignId: string;
  /** Never 0, which is a noop's. */
  readonly type: number;
  /** As it was given to the insert, text as UTF-8. */
  readonly metadata: Uint8Array | undefined;
  /** What the option `trace` gave. */
  readonly trace: Uint8Array | undefined;
}

/**
 * Inserts one event in place of the table's own statement, within the transaction `tx`, and resolves with the event's id in
 * decimal, or with undefined if it does not know it. A statement whose id was taken by a noop meanwhile is tried again by
 * `tx` itself, with a new id.
 */
export type EventsInserter = (tx: Executor, event: EventToStore) => Promise<string | undefined>;
