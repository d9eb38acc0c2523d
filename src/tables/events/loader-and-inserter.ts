import type { Executor } from "../../database/database.ts";
import type { ReflexEvent } from "../../reflex/event.ts";

/** What a loader is asked for. */
export interface LoadRequest {
  /** The cursor after which events are wanted: those with higher ids, in decimal. */
  readonly after: string;
  /** The most events that are wanted at once. */
  readonly limit: number;
  /** Aborted when nobody waits for the events any more, and when they take too long. */
  readonly signal: AbortSignal;
}

/**
 * Reads events in place of the table's own query: events of another layout, or with more in their metadata. `db` is the
 * connection, in autocommit mode, through which all streams of the pool read.
 *
 * It must return every committed event beyond `after`, in ascending order, up to `limit` of them. An id must give the
 * same event each time. An event that it leaves out is a gap, at which streams wait. Make events with `makeEvent`.
 * @example
 * const placed = new EventsTable("placed", {
 *   loader: async (db, { after, limit, signal }) => {
 *     const sql = `select id, order_id, micros, payload from placed where id > ? order by id limit ${limit}`;
 *     const rows = await db.rows<{ id: number; order_id: string; micros: number; payload: string }>(sql, [after], { signal });
 *     return rows.map(({ id, order_id, micros, payload }) =>
 *       makeEvent({ id, type: 1, foreignId: order_id, timestampMicros: micros, metadata: payload }),
 *     );
 *   },
 * });
 */
export type EventsLoader = (db: Executor, request: LoadRequest) => Promise<readonly ReflexEvent[]>;

/** An event that was checked, for an {@link EventsInserter}. */
export interface EventToStore {
  /** The foreign id; of an `EventsTableInt` in decimal. */
  readonly foreignId: string;
  /** The type. It is never 0, which is a noop's. */
  readonly type: number;
  /** The metadata as it was given to the insert, text as UTF-8. */
  readonly metadata: Uint8Array | undefined;
  /** The bytes that the option `trace` gave. */
  readonly trace: Uint8Array | undefined;
}

/**
 * Inserts one event in place of the table's own statement, within the transaction `tx`. Resolves with the event's id in
 * decimal, or with undefined if it does not know the id. When a noop has taken the id that the server gave to a
 * statement, `tx` itself tries that statement again, with a new id.
 */
export type EventsInserter = (tx: Executor, event: EventToStore) => Promise<string | undefined>;
