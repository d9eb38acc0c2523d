import type { Reporting } from "../../reflex/observer.ts";
import { eventMemory } from "../pages/event-memory.ts";

const MIB = 1024 * 1024;
let told = false;

/** Warns, once in a process, that streams wait for the memory that events of other streams take. */
export function warnOfMemory({ table, reporting }: { table: string; reporting: Reporting }): void {
  if (told) return;
  told = true;
  const heldMiB = Math.round(eventMemory.heldBytes / MIB);
  reporting.warn(
    `a stream of ${table} has waited for memory: consumers hold ${heldMiB} MiB of events with long metadata; have them ask for their next events sooner, or give events more memory with setEventMemoryMiB`,
    { table, heldMiB },
  );
}
