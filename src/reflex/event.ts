import { ReflexError, show } from "../errors/reflex-error.ts";

/** One row of an events table, as consumers see it. Shared between streams: treat it as read-only. */
export interface ReflexEvent<T extends number = number> {
  /** The row's id in decimal, which is also the cursor that has passed it. Exact up to 2^63-1: don't make it a number. */
  readonly id: string;
  /** What happened; 0 is a noop, which streams leave out unless `includeNoops` is set. */
  readonly type: T;
  /** Which entity it happened to. See {@link foreignIdInt} for tables of integers. */
  readonly foreignId: string;
  /** When it was inserted, in microseconds since 1970, UTC: exact, below 2^53. */
  readonly timestampMicros: number;
  /** When it was inserted, to the millisecond. A new `Date` at each access. */
  readonly timestamp: Date;
  /** The bytes given to `insertWithMetadata`; undefined without a metadata field or for a null. */
  readonly metadata: Uint8Array | undefined;
  /** The bytes of the trace field; undefined without one or for a null. */
  readonly trace: Uint8Array | undefined;
}

/** The type of the rows that close a gap where a transaction rolled back. */
export const noopEventType = 0;

/** The foreign id of an event of an `EventsTableInt`, exact. @throws ReflexError `invalid_int_id` if it is no integer. */
export function foreignIdInt(event: ReflexEvent): bigint {
  // BigInt() alone takes "" for 0, and "0x10" for 16.
  if (!/^-?\d+$/u.test(event.foreignId)) {
    throw new ReflexError(
      "invalid_int_id",
      `the foreign id of event ${event.id} must be an integer, found ${show(event.foreignId)}`,
      { details: { eventId: event.id, foreignId: event.foreignId } },
    );
  }
  return BigInt(event.foreignId);
}
