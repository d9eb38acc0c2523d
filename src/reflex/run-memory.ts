import type { CallOptions } from "../waiting/time-limit.ts";
import { isSameCursor } from "./cursor.ts";
import type { CursorStore } from "./cursor-store.ts";
import type { ReflexEvent } from "./event.ts";
import { positionAt, positionOf } from "./event-position.ts";

/** Where a consumer stands, and what is known of the row there. */
export interface Place {
  /** The consumer's cursor; "" if it has none. */
  readonly cursor: string;
  /** The position as the store has it, which may be one of another cursor. */
  readonly stored: string | undefined;
  /** The position at the cursor; undefined if it is unknown. */
  readonly position: string | undefined;
}

const NOWHERE: Place = { cursor: "", stored: undefined, position: undefined };

/** What one attempt to run leaves to the next, and to the hold between them. */
export class RunMemory {
  /** The position fault with which the latest attempt ended. */
  fault: unknown;
  /** Where the latest stream was opened. */
  #opened: Place = NOWHERE;
  /** The event that the consumer passed last, unless its cursor was moved elsewhere since. */
  #passed: ReflexEvent | undefined;
  /** Whether the cursor has moved since {@link takeMoved} was asked. */
  #moved = false;
  /** Whether the store has ever told a position, and so says by having none that a person has removed it. */
  #storeTells = false;

  /**
   * Reads where the consumer stands. Where the store knows no positions, the row there is known by the event that this
   * process has consumed, so that a table that was rewritten between two attempts is noticed with any store.
   */
  async read(cursors: CursorStore, consumer: string, options: CallOptions): Promise<Place> {
    const cursor = await cursors.getCursor(consumer, options);
    if (cursor === "") return NOWHERE;
    // It is read after the cursor. One that a rival stores in between is of another cursor, and then counts as unknown.
    const stored = await cursors.getPosition?.(consumer, options);
    if (stored !== undefined) this.#storeTells = true;
    const own = this.#storeTells || this.#passed === undefined ? undefined : positionOf(this.#passed);
    return { cursor, stored, position: positionAt(cursor, stored ?? own) };
  }

  /** A stream is opened there. */
  opened(place: Place): void {
    this.#opened = place;
    if (this.#passed !== undefined && !isSameCursor(this.#passed.id, place.cursor)) this.#passed = undefined;
  }

  /** The cursor was moved past an event of that stream. */
  passed(event: ReflexEvent): void {
    this.#passed = event;
    this.#moved = true;
  }

  /** Someone has moved the cursor on purpose, or has accepted the table as it is. */
  forget(): void {
    this.#passed = undefined;
  }

  /** Whether the cursor was moved past an event since this was asked. */
  takeMoved(): boolean {
    const moved = this.#moved;
    this.#moved = false;
    return moved;
  }

  /** Where the latest stream has brought the consumer, as this process knows it without asking the store. */
  get reached(): Place {
    if (this.#passed === undefined || isSameCursor(this.#passed.id, this.#opened.cursor)) return this.#opened;
    const position = positionOf(this.#passed);
    return { cursor: this.#passed.id, stored: this.#storeTells ? position : undefined, position };
  }
}
