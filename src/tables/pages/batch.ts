import type { ReflexEvent } from "../../reflex/event.ts";
import { withoutValues } from "../events/event-row.ts";
import { isSameRow, type Position } from "../position/position.ts";
import type { HeldValues } from "./event-memory.ts";
import type { PartialRun } from "./long-values.ts";
import type { ReadPage } from "./read-page.ts";

/** Events that follow a position, of one epoch. */
export interface Batch {
  readonly events: readonly ReflexEvent[];
  /** The epoch of the connection that they were read by; see {@link SharedSession.epoch}. */
  readonly epoch: number;
  /** The last of the events, without its values; undefined if there are none. */
  readonly last: ReflexEvent | undefined;
  /** Whether they fill a page, so that more of them can be expected to be there. */
  readonly full: boolean;
  /** What was read after these events, without all of its values: it need not be read again. */
  readonly rest?: UnreadRest | undefined;
  /** The long values among the events. Whoever is given the batch is one of those who hold them. */
  readonly held?: HeldValues | undefined;
  /** To be called when several streams are given this batch. */
  share?(): void;
  /**
   * Lets go of the events, unless several streams were given the batch. To be called once the events were passed on: a
   * promise that resolved with the batch may keep it for long.
   */
  letGo?(): void;
}

/** The events of a page that follow those of a batch. */
export interface UnreadRest extends PartialRun {
  /** The last event before them, without its values. */
  readonly after: ReflexEvent;
  /** Whether more events can be expected behind them. */
  readonly full: boolean;
}

/**
 * The batch of a page that has the row at the position and `limit` rows after it, none missing between them. That shows by
 * the page's ends alone, so that the next page can be asked for before this page's events are made. Undefined for any other
 * page: what that means is for {@link judgePoll} to say.
 */
export function gaplessPage(position: Position, page: ReadPage, limit: number): Batch | undefined {
  const { first, last } = page;
  if (page.leftOut) return undefined;
  if (position.anchor === undefined || first === undefined || last === undefined) return undefined;
  if (!isGapless(page, position.id, limit + 1) || !isSameRow(first, position.anchor)) return undefined;
  return new GaplessPage(page, last);
}

/** Whether a page has `limit` events, begins with the event `from`, and has no id missing between its ends. */
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
    this.last = withoutValues(last);
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
    // variant place: a batch lets go of its events
    if (!this.#shared) this.#events = undefined;
  }
}

export interface EventBatchParts extends Pick<Batch, "events" | "epoch" | "full" | "rest" | "held"> {}

/** Events that are made already. */
export class EventBatch implements Batch {
  readonly epoch: number;
  readonly full: boolean;
  readonly last: ReflexEvent | undefined;
  readonly rest: UnreadRest | undefined;
  readonly held: HeldValues | undefined;
  #events: readonly ReflexEvent[] | undefined;
  #shared = false;

  constructor({ events, epoch, full, rest, held }: EventBatchParts) {
    const last = events.at(-1);
    this.#events = events;
    this.epoch = epoch;
    this.full = full;
    this.last = last === undefined ? undefined : withoutValues(last);
    this.rest = rest;
    this.held = held;
  }

  get events(): readonly ReflexEvent[] {
    if (this.#events === undefined) throw new Error("the events of this batch were let go of");
    return this.#events;
  }

  share(): void {
    this.#shared = true;
  }

  letGo(): void {
    if (!this.#shared) this.#events = undefined;
  }
}
