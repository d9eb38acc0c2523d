import type { Reporting } from "../../reflex/observer.ts";
import type { Hole } from "./contiguous.ts";

/** How long a stream may stand at a hole before it says so. */
export const STALL_AFTER_MS = 5000;

/** Tells the observer of holes, of streams that wait long at one, and of those that go on again. */
export class StallWatch {
  readonly #table: string;
  readonly #reporting: Reporting;
  #at: { readonly hole: Hole; readonly since: number; told: boolean } | undefined;

  constructor(table: string, reporting: Reporting) {
    this.#table = table;
    this.#reporting = reporting;
  }

  /** How long until a stall is to be told; what a wait at the hole must not exceed. */
  blocked(hole: Hole): void {
    const now = performance.now();
    if (this.#at?.hole.prev !== hole.prev) {
      this.#at = { hole, since: now, told: false };
      this.#reporting.tell("gap", { table: this.#table, ...asText(hole) });
      return;
    }
    const waitedMs = now - this.#at.since;
    if (this.#at.told || waitedMs < STALL_AFTER_MS) return;
    this.#at.told = true;
    this.#tell("stalled", hole, waitedMs);
  }

  /** The stream went past where it stood. */
  advanced(): void {
    if (this.#at?.told === true) this.#tell("resumed", this.#at.hole, performance.now() - this.#at.since);
    this.#at = undefined;
  }

  #tell(state: "stalled" | "resumed", hole: Hole, waitedMs: number): void {
    const { prev, next } = asText(hole);
    const missing =
      hole.next - hole.prev === 2n ? `id ${hole.prev + 1n}` : `ids ${hole.prev + 1n} to ${hole.next - 1n}`;
    const waited = `${Math.round(waitedMs / 1000)} s`;
    const message =
      state === "stalled"
        ? `the stream of ${this.#table} has waited ${waited} for ${missing}, missing below ${next}: a transaction that holds ${missing} is still open, or was rolled back; commit or end it`
        : `the stream of ${this.#table} goes on after ${waited}: ${missing} came`;
    this.#reporting.stall({ table: this.#table, prev, next, state, reason: "missing_ids", waitedMs, message });
  }
}

function asText(hole: Hole): { prev: string; next: string } {
  return { prev: String(hole.prev), next: String(hole.next) };
}
