import type { ReflexEvent } from "../../reflex/event.ts";

// The size of an event without metadata in memory: the object and its strings.
export const EVENT_BYTES = 200;

type Bytes = Uint8Array | null | undefined;

/** About how many bytes an event with such metadata and trace takes in memory. */
export function sizeOfBytes(metadata: Bytes, trace: Bytes): number {
  return EVENT_BYTES + (metadata?.byteLength ?? 0) + (trace?.byteLength ?? 0);
}

/** About how many bytes an event takes in memory. */
export function sizeOf(event: ReflexEvent | undefined): number {
  return sizeOfBytes(event?.metadata, event?.trace);
}

/** About how many bytes the longest of these events takes in memory. */
export function longestOf(events: readonly ReflexEvent[]): number {
  let longest = 0;
  for (const event of events) longest = Math.max(longest, sizeOf(event));
  return longest;
}
