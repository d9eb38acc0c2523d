import type { GapReport, PageReport } from "reflex-rsql";

/** Measures, from what an observer is told, how often and how long a consumer waited at gaps. */
export class GapClock {
  /** How many gaps it came to. */
  met = 0;
  longestWaitMs = 0;
  readonly #now: () => number;
  #gap: { readonly prev: bigint; readonly since: number } | undefined;
  #idleSince = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  gap({ prev }: Pick<GapReport, "prev">): void {
    this.met++;
    this.#gap = { prev: BigInt(prev), since: this.#now() };
  }

  /** The consumer is done with an event. */
  consumed(): void {
    this.#idleSince = this.#now();
  }

  page({ position }: Pick<PageReport, "position">): void {
    if (this.#gap === undefined || BigInt(position) <= this.#gap.prev) return;
    // Streams read ahead: while the consumer has work, a gap further on keeps it from nothing.
    const waitedMs = this.#now() - Math.max(this.#gap.since, this.#idleSince);
    this.longestWaitMs = Math.max(this.longestWaitMs, waitedMs);
    this.#gap = undefined;
  }
}
