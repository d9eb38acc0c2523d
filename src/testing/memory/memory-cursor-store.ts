import { ReflexError, typeMistake } from "../../errors/reflex-error.ts";
import { show } from "../../errors/show.ts";
import { checkCallOptions, checkFlushOptions, checkSetCursorOptions } from "../../reflex/call-options.ts";
import { checkConsumerName } from "../../reflex/consumer.ts";
import { parseIntCursor } from "../../reflex/cursor.ts";
import type { CursorStore } from "../../reflex/cursor-store.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { positionOf } from "../../reflex/event-position.ts";
import { notAdvanced } from "../../tables/cursors/cursor-entry.ts";
import type { StoredCursor } from "../../tables/cursors/cursor-rows.ts";
import type { CallOptions } from "../../waiting/time-limit.ts";

interface Stored extends StoredCursor {
  /** The position at the event that the cursor was set with; undefined if it was set without one. */
  readonly position: string | undefined;
}

/** A cursor store in memory that can be looked at. */
export interface MemoryCursorStore extends CursorStore {
  /** The cursor of each consumer that has one, by its name: a copy. */
  cursors(): Record<string, string>;
}

/**
 * A cursor store in memory, for tests, with the rules of a cursors table: cursors are integers that only advance, names
 * are exact, and the position at the last event is kept. It holds nothing back, so `flush` has nothing to do.
 * @throws TypeError, RangeError or ReflexError for an initial name or cursor that a store would refuse.
 * @example
 * const cursors = memoryCursorStore({ mailer: "41" });
 * await run({ stream, cursors, consumer: mailer, options: { toHead: true } });
 * assert.deepEqual(cursors.cursors(), { mailer: "42" });
 */
export function memoryCursorStore(initial: Readonly<Record<string, string>> = {}): MemoryCursorStore {
  if (!isRecord(initial)) {
    throw typeMistake("invalid_argument", `memoryCursorStore takes cursors by consumer, found ${show(initial)}`);
  }
  const stored = new Map<string, Stored>();
  const set = (consumer: string, cursor: string, event?: ReflexEvent): void => {
    checkConsumerName(consumer);
    const place = parseIntCursor(cursor);
    if (cursor === "") throw new ReflexError("invalid_cursor", 'a cursor to be set must not be empty, found ""');
    const existing = stored.get(consumer);
    if (existing !== undefined && place <= parseIntCursor(existing.cursor)) {
      const reason = "it is there or beyond already";
      throw notAdvanced({ table: "memory", consumer, cursor, existing, reason });
    }
    stored.set(consumer, { cursor, time: new Date().toISOString(), position: event && positionOf(event) });
  };
  const read = (caller: string, consumer: string, options: CallOptions = {}): Stored | undefined => {
    checkConsumerName(consumer);
    checkCallOptions(caller, options).signal?.throwIfAborted();
    return stored.get(consumer);
  };
  for (const [consumer, cursor] of Object.entries(initial)) set(consumer, cursor);
  return {
    getCursor: async (consumer, options) => read("getCursor", consumer, options)?.cursor ?? "",
    getPosition: async (consumer, options) => read("getPosition", consumer, options)?.position,
    setCursor: async (consumer, cursor, options = {}) => {
      const { signal, event } = checkSetCursorOptions(options);
      signal?.throwIfAborted();
      set(consumer, cursor, event);
    },
    flush: async (options = {}) => {
      checkFlushOptions(options).signal?.throwIfAborted();
    },
    cursors: () => Object.fromEntries([...stored].map(([consumer, { cursor }]) => [consumer, cursor])),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** A map, a promise or an array would be taken for no cursors. */
function isRecord(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
