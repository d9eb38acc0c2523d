import type { ReflexEvent } from "../../reflex/event.ts";
import { leftOutBytes } from "./event-row.ts";

type Bytes = Uint8Array | null | undefined;

/** How many bytes such metadata and trace have. */
export function sizeOfBytes(metadata: Bytes, trace: Bytes): number {
  return (metadata?.byteLength ?? 0) + (trace?.byteLength ?? 0);
}

/** How many bytes the event's metadata and trace have, those included that were left out when it was read. */
export function valueBytes(event: ReflexEvent): number {
  return sizeOfBytes(event.metadata, event.trace) + leftOutBytes(event);
}
