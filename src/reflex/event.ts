import { ReflexError } from "../errors/reflex-error.ts";
import { show } from "../errors/show.ts";

/** One row of an events table, as consumers see it. Streams share these objects: don't change them. */
export interface ReflexEvent<T extends number = number> {
  /**
   * The row's id, in decimal. It is also the cursor that has passed this event. It may be as high as 2^63-1, which a
   * number does not hold exactly.
   */
  readonly id: string;
  /** What happened. 0 is a noop, which streams leave out unless `includeNoops` is set. */
  readonly type: T;
  /** The id of what the event tells of, such as an order. See {@link foreignIdInt} for tables of integers. */
  readonly foreignId: string;
  /** When the event was inserted, in microseconds since 1970, UTC. It is below 2^53, and so exact. */
  readonly timestampMicros: number;
  /** When the event was inserted, to the millisecond. Each access makes a new `Date`. */
  readonly timestamp: Date;
  /**
   * The bytes that were given to `insertWithMetadata`. Undefined in a table without a metadata field, and for a null.
   */
  readonly metadata: Uint8Array | undefined;
  /** The bytes of the trace field. Undefined in a table without one, and for a null. */
  readonly trace: Uint8Array | undefined;
}

/** The type of the rows that close a gap where a transaction rolled back. */
export const noopEventType = 0;

/**
 * The foreign id of an event of an `EventsTableInt`, exact.
 * @throws ReflexError `invalid_int_id` if it is no integer.
 */
export function foreignIdInt(event: ReflexEvent): bigint {
  // BigInt() alone would take "" for 0, and "0x10" for 16.
  if (!/^-?\d+$/u.test(event.foreignId)) {
    throw new ReflexError(
      "invalid_int_id",
      `the foreign id of event ${event.id} must be an integer, found ${show(event.foreignId)}`,
      { details: { eventId: event.id } },
    );
  }
  return BigInt(event.foreignId);
}
