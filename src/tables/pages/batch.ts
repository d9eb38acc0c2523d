import type { ReflexEvent } from "../../reflex/event.ts";
import { isSameRow, type Position } from "../position/position.ts";
import type { ReadPage } from "./read-page.ts";

/** Events that follow a position, of one epoch. */
export interface Batch {
  readonly events: readonly ReflexEvent[];
  readonly epoch: number;
  readonly last: ReflexEvent | undefined;
  /** Whether they fill a page, so that more of them can be expected to be there. */
  readonly full: boolean;
  /** Says that several streams were given it. */
  share?(): void;
  /**
   * Lets go of the events, unless several streams were given it. To be called once they were passed on, since promises that
   * resolved with this may keep it for long.
   */
  letGo?(): void;
}

/**
 * What a read of `limit` rows and the one at the position gave, if they follow it without a gap: to be seen by their ends
 * alone, so that the next page can be asked for before this one's events are made. Undefined says nothing.
 */
export function gaplessPage(position: Position, page: ReadPage, limit: number): Batch | undefined {
  const { first, last } = page;
  if (position.anchor === undefined || first === undefined || last === undefined) return undefined;
  if (!isGapless(page, position.id, limit + 1) || !isSameRow(first, position.anchor)) return undefined;
  return new GaplessPage(page, last);
}

/** Whether a page has as many events as were asked for, the first of which is the one asked for, and none is missing. */
export function isGapless({ first, last, length }: ReadPage, from: bigint, limit: number): boolean {
  if (first === undefined || last === undefined || length !== limit) return false;
  return BigInt(first.id) === from && BigInt(last.id) === from + BigInt(limit - 1);
}

class GaplessPage implements Batch {
  readonly full = true;
  readonly last: ReflexEvent;
  readonly #page: ReadPage;
  #events: readonly ReflexEvent[] | undefined;
  #shared = false;

  constructor(page: ReadPage, last: ReflexEvent) {
    this.#page = page;
    this.last = last;
  }

  get epoch(): number {
    return this.#page.epoch;
  }

  get events(): readonly ReflexEvent[] {
    this.#events ??= this.#page.takeEvents().slice(1);
    return this.#events;
  }

  share(): void {
    this.#shared = true;
  }

  letGo(): void {
    if (!this.#shared) this.#events = undefined;
  }
}
