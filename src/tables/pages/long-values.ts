import type { ReflexEvent } from "../../reflex/event.ts";
import { leftOutBytes, toEvent } from "../events/event-row.ts";
import { isSameRow } from "../position/position.ts";
import { MOST_IDS, type PageReader } from "./page-reader.ts";

/** Events that follow one another, at least one of them without its values. */
export interface PartialRun {
  readonly events: readonly ReflexEvent[];
  /** The epoch of the connection that they were read by. */
  readonly epoch: number;
}

/** The first events of a run: as many as fit into memory with their values, and at least one. */
export interface PlannedPiece {
  readonly events: readonly ReflexEvent[];
  /** The ids of those whose values were left out. */
  readonly ids: readonly string[];
  /** How many bytes these values have. */
  readonly bytes: number;
}

/** Whether the values of one of these events were left out. */
export function isPartial(events: readonly ReflexEvent[]): boolean {
  return events.some((event) => leftOutBytes(event) > 0);
}

/** Which of these events are to be completed first: their left-out values have at most `mostBytes`, or are those of one event. */
export function planPiece(events: readonly ReflexEvent[], mostBytes: number): PlannedPiece {
  const ids: string[] = [];
  let [bytes, end] = [0, 0];
  for (const event of events) {
    const left = leftOutBytes(event);
    if (left > 0) {
      if (ids.length > 0 && (bytes + left > mostBytes || ids.length === MOST_IDS)) break;
      ids.push(event.id);
      bytes += left;
    }
    end++;
  }
  return { events: end === events.length ? events : events.slice(0, end), ids, bytes };
}

/** The piece that needs least: events that are complete, or else one whose values were left out, with those behind it. */
export function planFewest(events: readonly ReflexEvent[]): PlannedPiece {
  const complete = events.findIndex((event) => leftOutBytes(event) > 0);
  return complete > 0 ? { events: events.slice(0, complete), ids: [], bytes: 0 } : planPiece(events, 0);
}

/**
 * The events of a piece with the values that their page had left out. Undefined if one of the rows is gone or is another
 * one by now, or was read on another connection: what was read of the page says nothing any more, and must be read again.
 */
export async function completed(
  pages: Pick<PageReader, "readIds">,
  { events, ids }: PlannedPiece,
  epoch: number,
): Promise<readonly ReflexEvent[] | undefined> {
  if (ids.length === 0) return events;
  const read = await pages.readIds(ids);
  // variant place: long values of another connection
  if (read.epoch !== epoch) return undefined;
  const found = new Map<string, ReflexEvent>();
  for (const row of read.rows) {
    const event = toEvent(row);
    found.set(event.id, event);
  }
  const whole: ReflexEvent[] = [];
  for (const event of events) {
    const complete = leftOutBytes(event) === 0 ? event : found.get(event.id);
    // variant place: a row whose values were left out is another one by now
    if (complete === undefined || !isSameRow(complete, event)) return undefined;
    whole.push(complete);
  }
  return whole;
}
