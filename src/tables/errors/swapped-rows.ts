import { isDecimalId } from "./error-ids.ts";
import type { ErrorRow } from "./error-statements.ts";

/**
 * The row as it is meant. The dead-letter consumer of Go's reflex writes the event's id into the column of the consumer and the
 * consumer's name into that of the event's id. Where that column holds numbers, the name is lost: the consumer is "" then.
 */
export function asMeant(row: ErrorRow): ErrorRow {
  if (!isSwapped(row)) return row;
  const { consumer_text: eventId, event_id_text: name } = row;
  return { ...row, consumer_text: /^0+$/.test(name) ? "" : name, event_id_text: eventId, swapped: true };
}

// Rows of this library have a count of attempts, and Go's have none. No event has the id 0.
function isSwapped({ consumer_text: consumer, event_id_text: eventId, attempts_number: attempts }: ErrorRow): boolean {
  return attempts === null && isDecimalId(consumer) && (!isDecimalId(eventId) || BigInt(eventId) === 0n);
}
