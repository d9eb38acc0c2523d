import type { ReflexEvent } from "../../../src/reflex/event.ts";
import { toEvent } from "../../../src/tables/events/event-row.ts";

/** What a test says of an event's row; the rest goes by its id. */
export interface StoredEventParts {
  readonly micros?: number;
  readonly type?: number;
  readonly foreignId?: string;
  readonly metadata?: Uint8Array;
}

/** An event as it is read from its row. */
export function storedEvent(id: number | bigint, parts: StoredEventParts = {}): ReflexEvent {
  const { micros = 1000 + Number(id), type = 1, foreignId = `f${id}`, metadata } = parts;
  const row = { id_value: String(id), micros, type_number: type, foreign_id_value: foreignId };
  return toEvent(metadata === undefined ? row : { ...row, metadata_bytes: metadata });
}

/** The ids from `first` to `last`. */
export function bigintRange(first: number, last: number): bigint[] {
  return Array.from({ length: last - first + 1 }, (_, index) => BigInt(first + index));
}
