import type { ReflexEvent } from "../../reflex/event.ts";
import type { Advanced } from "./advance.ts";
import { isSameRow, type Position } from "./position.ts";
import type { ReadPage } from "./read-page.ts";

/**
 * What a read of `limit` rows and the one at the position gave, if they follow it without a hole: to be seen by their ends
 * alone, so that the next page can be asked for before this one's events are made. Undefined says nothing.
 */
export function wholePage(position: Position, page: ReadPage, limit: number): Advanced | undefined {
  const { first, last } = page;
  if (position.anchor === undefined || first === undefined || last === undefined) return undefined;
  if (page.length !== limit + 1 || !isSameRow(first, position.anchor)) return undefined;
  if (BigInt(last.id) !== position.id + BigInt(limit)) return undefined;
  return new WholePage(page, last);
}

class WholePage implements Advanced {
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
