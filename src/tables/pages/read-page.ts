import type { ReflexEvent } from "../../reflex/event.ts";
import { type EventRow, toEvent } from "../events/event-row.ts";
import { sizeOfBytes, valueBytes } from "../events/event-size.ts";

/** The rows of one read of a table, ascending. */
export interface ReadPage {
  /** How many rows were asked for. */
  readonly asked: number;
  readonly length: number;
  readonly first: ReflexEvent | undefined;
  readonly last: ReflexEvent | undefined;
  /**
   * How many bytes the values of a row have, on average. One that was left out counts with {@link MOST_COUNTED_BYTES} at
   * most. Not to be asked for once the events were taken.
   */
  readonly averageBytes: number;
  /** Whether some values are so long that they were left out. Not to be asked for once the events were taken. */
  readonly leftOut: boolean;
  /** The epoch of the connection that the rows came by; see {@link SharedSession.epoch}. */
  readonly epoch: number;
  /**
   * The events. They are made at this call, so that the next page can be asked for before it. It may be called once: the
   * page lets go of its rows, since a promise that resolved with the page may keep it for long.
   */
  takeEvents(): readonly ReflexEvent[];
}

/** A value that was left out is read by itself: how long it is says nothing of how many rows a page may have. */
export const MOST_COUNTED_BYTES: number = 64 * 1024;

/** A page of events that are made already. */
export function pageOfEvents(
  events: readonly ReflexEvent[],
  { epoch, asked }: Pick<ReadPage, "epoch" | "asked">,
): ReadPage {
  let held: readonly ReflexEvent[] | undefined = events;
  return {
    epoch,
    asked,
    length: events.length,
    first: events[0],
    last: events.at(-1),
    leftOut: false,
    get averageBytes(): number {
      let bytes = 0;
      for (const event of held ?? taken()) bytes += valueBytes(event);
      return bytes / Math.max(1, events.length);
    },
    takeEvents: () => {
      const given = held ?? taken();
      held = undefined;
      return given;
    },
  };
}

export interface RowPageSource extends Pick<ReadPage, "epoch" | "asked"> {
  /** Whether values were left out that were too long. */
  readonly bounded: boolean;
  readonly toEvents: (rows: readonly EventRow[]) => readonly ReflexEvent[];
}

interface RowSizes {
  readonly averageBytes: number;
  readonly leftOut: boolean;
}

/** A page of rows, which `toEvents` makes into events. */
export class RowPage implements ReadPage {
  readonly epoch: number;
  readonly asked: number;
  readonly length: number;
  readonly first: ReflexEvent | undefined;
  readonly last: ReflexEvent | undefined;
  #rows: readonly EventRow[] | undefined;
  #sizes: RowSizes | undefined;
  readonly #bounded: boolean;
  readonly #toEvents: RowPageSource["toEvents"];

  constructor(rows: readonly EventRow[], { epoch, asked, bounded, toEvents }: RowPageSource) {
    this.#rows = rows;
    this.#bounded = bounded;
    this.#toEvents = toEvents;
    this.epoch = epoch;
    this.asked = asked;
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

  get averageBytes(): number {
    return this.#measured.averageBytes;
  }

  get leftOut(): boolean {
    return this.#bounded && this.#measured.leftOut;
  }

  get #measured(): RowSizes {
    this.#sizes ??= sizesOf(this.#rows ?? taken());
    return this.#sizes;
  }
}

function sizesOf(rows: readonly EventRow[]): RowSizes {
  let [bytes, leftOut] = [0, false];
  for (const row of rows) {
    const { left_out_bytes: left = null } = row;
    leftOut ||= left !== null;
    bytes +=
      left === null ? sizeOfBytes(row.metadata_bytes, row.trace_bytes) : Math.min(Number(left), MOST_COUNTED_BYTES);
  }
  return { averageBytes: bytes / Math.max(1, rows.length), leftOut };
}

function eventOf(row: EventRow | undefined): ReflexEvent | undefined {
  return row === undefined ? undefined : toEvent(row);
}

function taken(): never {
  throw new Error("the events of this page were taken already");
}
