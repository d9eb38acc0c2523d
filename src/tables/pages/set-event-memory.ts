import { rangeMistake, typeMistake } from "../../errors/reflex-error.ts";
import { show } from "../../errors/show.ts";
import { eventMemory } from "./event-memory.ts";

/**
 * Sets how much memory the metadata and traces of events may take, of all streams of this process together: those of pages
 * that are handed out or were asked for early, and those that are kept for other streams. Until it is called it is 64 MiB.
 * It counts beyond the largest single event, for which there is always room, and includes what Node.js has not collected
 * yet. With less, streams of tables with long metadata read less at a time, and wait for one another. A custom `loader` and
 * the option `limit` are not held to it.
 *
 * @param memoryMiB the memory in MiB, at least 1
 * @throws TypeError or RangeError `invalid_argument`
 */
export function setEventMemoryMiB(memoryMiB: number): void {
  if (typeof memoryMiB !== "number") {
    throw typeMistake("invalid_argument", `setEventMemoryMiB takes a number of MiB, found ${show(memoryMiB)}`);
  }
  if (!(memoryMiB >= 1) || memoryMiB === Number.POSITIVE_INFINITY) {
    throw rangeMistake("invalid_argument", `setEventMemoryMiB takes a number of MiB from 1 on, found ${memoryMiB}`);
  }
  eventMemory.setLimit(memoryMiB);
}
