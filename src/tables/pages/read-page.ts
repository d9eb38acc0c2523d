import type { ReflexEvent } from "../../reflex/event.ts";
import { type EventRow, toEvent } from "../events/event-row.ts";
import { longestOf, sizeOfBytes } from "../events/event-size.ts";

/** What one read of a table gave, ascending. */
export interface ReadPage {
  readonly length: number;
  readonly first: ReflexEvent | undefined;
  readonly last: ReflexEvent | undefined;
  /** About how many bytes the longest of the events takes. Not to be asked for once they were taken. */
  readonly longestBytes: number;
  /** In which epoch they were read. */
  readonly epoch: number;
  /**
   * The events, made only now, so that the next page can be asked for before. Once: the page lets go of them, since
   * promises that resolved with it may keep it for long.
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
