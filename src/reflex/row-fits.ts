import { positionOf } from "./event-position.ts";
import type { Told } from "./observer.ts";
import { isPositionFault } from "./position-fault-code.ts";
import type { Place } from "./run-memory.ts";
import type { Spec } from "./spec.ts";

/** Whether a stream from this place can be opened, and finds the row of the position at the cursor. */
export async function rowFits<T extends number>(
  { spec, told }: { spec: Spec<T>; told: Told },
  { cursor, position }: Place,
  signal: AbortSignal,
): Promise<boolean> {
  const stream = spec.stream(cursor, { ...spec.options, ...told, fromHead: false, position, signal });
  try {
    await stream.start();
    return stream.anchor !== undefined && positionOf(stream.anchor) === position;
  } catch (error) {
    if (isPositionFault(error)) return false;
    throw error;
  } finally {
    await stream.close();
  }
}
