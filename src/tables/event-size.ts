import type { ReflexEvent } from "../reflex/event.ts";

// An event without metadata, as an object with its strings.
const EVENT_BYTES = 200;

/** About how many bytes an event takes in memory. */
export function sizeOf(event: ReflexEvent | undefined): number {
  return EVENT_BYTES + (event?.metadata?.byteLength ?? 0) + (event?.trace?.byteLength ?? 0);
}
