import type { ReflexEvent } from "../../reflex/event.ts";
import { type EventRow, toEvent } from "../events/event-row.ts";
import { longestOf, sizeOfBytes } from "../events/event-size.ts";

/** The rows of one read of a table, ascending. */
export interface ReadPage {
  readonly length: number;
  readonly first: ReflexEvent | undefined;
  readonly last: ReflexEvent | undefined;
  /** About how many bytes the longest of the events takes. Not to be asked for once the events were taken. */
  readonly longestBytes: number;
  /** The epoch of the connection that the rows came by; see {@link SharedSession.epoch}. */
  readonly epoch: number;
  /**
   * The events. They are made at this call, so that the next page can be asked for before it. It may be called once: the
   * page lets go of its rows, since a promise that resolved with the page may keep it for long.
   */
  takeEvents(): readonly ReflexEvent[];
}

/** A page of events that are made already. */
export function pageOfEvents(events: readonly ReflexEvent[], epoch: number): ReadPage {
  let held: readonly ReflexEvent[] | undefined = events;
  return {
    epoch,
    length: events.length,
    first: events[0],
    last: events.at(-1),
    get longestBytes(): number {
      return longestOf(held ?? taken());
    },
    takeEvents: () => {
      const given = held ?? taken();
      held = undefined;
      return given;
    },
  };
}

/** A page of rows, which `toEvents` makes into events. */
export class RowPage implements ReadPage {
  readonly epoch: number;
  readonly length: number;
  readonly first: ReflexEvent | undefined;
  readonly last: ReflexEvent | undefined;
  #rows: readonly EventRow[] | undefined;
  readonly #toEvents: (rows: readonly EventRow[]) => readonly ReflexEvent[];

  constructor(
    rows: readonly EventRow[],
    { epoch, toEvents }: { epoch: number; toEvents: (rows: readonly EventRow[]) => readonly ReflexEvent[] },
  ) {
    this.#rows = rows;
    this.#toEvents = toEvents;
    this.epoch = epoch;
    this.length = rows.length;
    this.first = eventOf(rows[0]);
    this.last = eventOf(rows.at(-1));
  }

  takeEvents(): readonly ReflexEvent[] {
    const rows = this.#rows ?? taken();
    // variant place: a page lets go of its rows
    this.#rows = undefined;
    return this.#toEvents(rows);
  }

  get longestBytes(): number {
    let longest = 0;
    for (const row of this.#rows ?? taken())
      longest = Math.max(longest, sizeOfBytes(row.metadata_bytes, row.trace_bytes));
    return longest;
  }
}

function eventOf(row: EventRow | undefined): ReflexEvent | undefined {
  return row === undefined ? undefined : toEvent(row);
}

function taken(): never {
  throw new Error("the events of this page were taken already");
}
