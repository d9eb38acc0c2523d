import type { ReflexEvent } from "../../reflex/event.ts";
import { type EventRow, toEvent } from "../event-row.ts";
import { longestOf, sizeOfBytes } from "../event-size.ts";

/** What one read of a table gave, ascending. */
export interface ReadPage {
  readonly length: number;
  /** Made when they are asked for, so that the next page can be asked for before. */
  readonly events: readonly ReflexEvent[];
  readonly first: ReflexEvent | undefined;
  readonly last: ReflexEvent | undefined;
  /** About how many bytes the longest of the events takes. */
  readonly longestBytes: number;
  /** In which epoch they were read. */
  readonly epoch: number;
}

/** A page of events that are made already. */
export function pageOfEvents(events: readonly ReflexEvent[], epoch: number): ReadPage {
  return {
    events,
    epoch,
    length: events.length,
    first: events[0],
    last: events.at(-1),
    get longestBytes(): number {
      return longestOf(events);
    },
  };
}

/** A page of rows, which `toEvents` makes into events. */
export class RowPage implements ReadPage {
  readonly epoch: number;
  readonly length: number;
  readonly first: ReflexEvent | undefined;
  readonly last: ReflexEvent | undefined;
  #rows: readonly EventRow[];
  readonly #toEvents: (rows: readonly EventRow[]) => readonly ReflexEvent[];
  #events: readonly ReflexEvent[] | undefined;

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

  get events(): readonly ReflexEvent[] {
    this.#events ??= this.#toEvents(this.#rows);
    this.#rows = [];
    return this.#events;
  }

  get longestBytes(): number {
    if (this.#events !== undefined) return longestOf(this.#events);
    let longest = 0;
    for (const row of this.#rows) longest = Math.max(longest, sizeOfBytes(row.metadata_bytes, row.trace_bytes));
    return longest;
  }
}

function eventOf(row: EventRow | undefined): ReflexEvent | undefined {
  return row === undefined ? undefined : toEvent(row);
}
