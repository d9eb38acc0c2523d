import type { Reporting } from "../../reflex/observer.ts";
import type { StallReason } from "../../reflex/wait-cause.ts";
import type { GapRange } from "../position/missing-ids.ts";

/** How long a stream may stand at one place before it says so. */
export const STALL_AFTER_MS = 5000;

interface Standing {
  readonly prev: bigint;
  readonly since: number;
  told: { readonly reason: StallReason; readonly next: string } | undefined;
}

/** Tells of streams that stand long at one place with rows beyond it, why, and when they go on. */
export class StallWatch {
  readonly #table: string;
  readonly #reporting: Reporting;
  #standing: Standing | undefined;

  constructor(table: string, reporting: Reporting) {
    this.#table = table;
    this.#reporting = reporting;
  }

  /** The stream has come to this gap, or is still at it. Returns in how many ms a stall is to be told of, if it is still there then. */
  arrived(gap: GapRange): number {
    const now = performance.now();
    if (this.#standing?.prev !== gap.prev) this.#standing = { prev: gap.prev, since: now, told: undefined };
    const leftMs = this.#standing.since + STALL_AFTER_MS - now;
    return leftMs > 0 ? leftMs : STALL_AFTER_MS;
  }

  /** The stream stands at this gap. A stall is told of once, and again when its reason changes. */
  blocked(gap: GapRange, why: { reason: StallReason; message: string }): void {
    const ids = gap.next - gap.prev === 2n ? `row ${gap.prev + 1n}` : `rows ${gap.prev + 1n} to ${gap.next - 1n}`;
    this.#stands(gap.prev, { ...why, next: String(gap.next), what: `${ids}, missing below row ${gap.next}` });
  }

  /** The reader's server has not got the row at the position yet. */
  lagging(position: bigint): void {
    const message = "the server that streams read from lags behind the primary";
    this.#stands(position, { reason: "lagging", message, next: "", what: `row ${position}` });
  }

  /** The loader returns nothing beyond the position, though there is this row. */
  notLoaded(position: bigint, highest: bigint): void {
    const message = `the loader returns nothing beyond row ${position}: it must return every row, and read from a server that has them`;
    this.#stands(position, { reason: "lagging", message, next: String(highest), what: `row ${highest}` });
  }

  /** The stream went past where it stood, or to the head. */
  resolved(): void {
    const standing = this.#standing;
    this.#standing = undefined;
    if (standing?.told === undefined) return;
    const waitedMs = performance.now() - standing.since;
    const message = `the stream of ${this.#table} goes on after ${seconds(waitedMs)}`;
    const { prev, told } = standing;
    this.#reporting.stall({ table: this.#table, prev: String(prev), ...told, state: "resumed", waitedMs, message });
  }

  #stands(prev: bigint, why: { reason: StallReason; message: string; next: string; what: string }): void {
    const now = performance.now();
    if (this.#standing?.prev !== prev) this.#standing = { prev, since: now, told: undefined };
    const { since, told } = this.#standing;
    const waitedMs = now - since;
    const { reason, next } = why;
    if (waitedMs < STALL_AFTER_MS || told?.reason === reason) return;
    // The grace that follows whatever stood in the way is over in a moment, and no cause for alarm.
    if (told !== undefined && reason === "missing_ids") return;
    this.#standing.told = { reason, next };
    const message = `the stream of ${this.#table} has waited ${seconds(waitedMs)} for ${why.what}: ${why.message}`;
    this.#reporting.stall({
      table: this.#table,
      prev: String(prev),
      next,
      state: "stalled",
      reason,
      waitedMs,
      message,
    });
  }
}

function seconds(waitedMs: number): string {
  return `${Math.round(waitedMs / 1000)} s`;
}
