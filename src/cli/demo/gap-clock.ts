import type { GapReport, PageReport } from "reflex-rsql";

/** Measures, from what an observer is told, how often and how long a consumer waited at holes. */
export class HoleClock {
  /** How many holes it came to. */
  met = 0;
  longestWaitMs = 0;
  readonly #now: () => number;
  #hole: { readonly prev: bigint; readonly since: number } | undefined;
  #idleSince = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  gap({ prev }: Pick<GapReport, "prev">): void {
    this.met++;
    this.#hole = { prev: BigInt(prev), since: this.#now() };
  }

  /** The consumer is done with an event. */
  consumed(): void {
    this.#idleSince = this.#now();
  }

  page({ position }: Pick<PageReport, "position">): void {
    if (this.#hole === undefined || BigInt(position) <= this.#hole.prev) return;
    // Streams read ahead: while the consumer has work, a hole further on keeps it from nothing.
    const waitedMs = this.#now() - Math.max(this.#hole.since, this.#idleSince);
    this.longestWaitMs = Math.max(this.longestWaitMs, waitedMs);
    this.#hole = undefined;
  }
}
