import { ReflexError } from "../../errors/reflex-error.ts";
import type { ReflexEvent } from "../../reflex/event.ts";
import { positionOf } from "../../reflex/event-position.ts";
import type { StoredCursor } from "./cursor-rows.ts";

/** What one process knows of one consumer's cursor. */
export interface CursorEntry {
  readonly consumer: string;
  /** Whether `stored` was ever read or written. */
  known: boolean;
  /** The cursor as this process last read or wrote it; undefined if the consumer has no row. */
  stored: StoredCursor | undefined;
  /** How often a write of this process has changed `stored`. */
  writes: number;
  /** The cursor that was set and is not written yet. It builds on `stored`, which must not be read anew meanwhile. */
  pending: PendingCursor | undefined;
  /**
   * Cursors that were written, but whose answer from the server was lost. If one of them is found in the table, this
   * process has put it there.
   */
  readonly unanswered: Set<string>;
  /** Why a cursor was not written and won't be. The consumer's next `setCursor` throws it. */
  fault: ReflexError | undefined;
  /** Whether a run was told of the fault already, so that it concerns no later run. */
  faultTold: boolean;
}

/** A cursor that was set and is not written yet. */
export class PendingCursor implements StoredCursor {
  readonly cursor: string;
  /** Since when a cursor of this consumer is held back, in ms since 1970. */
  readonly heldSinceMs: number;
  /** The event that the cursor has passed, as far as it was told. */
  readonly #event: ReflexEvent | undefined;

  constructor(cursor: string, heldSinceMs: number, event: ReflexEvent | undefined) {
    this.cursor = cursor;
    this.heldSinceMs = heldSinceMs;
    this.#event = event;
  }

  /** The position at the cursor; undefined if it is unknown. It is made only when the cursor is written. */
  get position(): string | undefined {
    return this.#event?.id === this.cursor ? positionOf(this.#event) : undefined;
  }

  get time(): string {
    return new Date(this.heldSinceMs).toISOString();
  }
}

export function createEntry(consumer: string): CursorEntry {
  return {
    consumer,
    known: false,
    stored: undefined,
    writes: 0,
    pending: undefined,
    unanswered: new Set(),
    fault: undefined,
    faultTold: false,
  };
}

/** Notes what stands in the table now: this process has read it after a write of its own, or written it. */
export function setStored(entry: CursorEntry, stored: StoredCursor | undefined): void {
  entry.stored = stored;
  entry.known = true;
  entry.writes += 1;
  entry.unanswered.clear();
}

/** Throws the entry's fault if it has one, and forgets it. */
export function throwFault(entry: CursorEntry): void {
  const { fault } = entry;
  entry.fault = undefined;
  if (fault !== undefined) throw fault;
}

/**
 * A cursor that was not set, and the one in the table because of which it was not. That is undefined if the row is
 * gone.
 */
export interface NotAdvanced {
  readonly table: string;
  readonly consumer: string;
  readonly cursor: string;
  readonly existing: StoredCursor | undefined;
  readonly reason: string;
}

export function notAdvanced({ table, consumer, cursor, existing, reason }: NotAdvanced): ReflexError {
  const found = existing === undefined ? "none" : `${existing.cursor} of ${existing.time}`;
  return new ReflexError(
    "cursor_not_advanced",
    `the cursor of ${consumer} in ${table} can't be set to ${cursor}: ${reason}, found ${found}; run each consumer name in one place at a time`,
    { details: { table, consumer, cursor, existing: existing?.cursor ?? "", existingTime: existing?.time ?? "" } },
  );
}
