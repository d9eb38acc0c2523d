import type { ReflexEvent } from "../../reflex/event.ts";
import type { Verdict } from "./position.ts";

// Rows that were not there at the last poll and are gone by the next would have been deleted younger than this.
const LONGEST_BLINK_MS = 60_000;

/**
 * What the last poll saw beyond a position. Retention may delete the row at it, rightly, as everyone has passed it. Whether
 * rows behind it were deleted as well is then seen only by having looked before: ids that no poll has seen are a gap.
 */
export class LastPollMemory {
  /** The first id seen beyond the position; undefined if nothing was. */
  #next: bigint | undefined;
  #at = Number.NEGATIVE_INFINITY;

  /** Remembers a verdict, which it returns. */
  of(verdict: Verdict): Verdict {
    if (verdict.kind === "head") this.#remember(undefined);
    if (verdict.kind === "gap") this.#remember(verdict.gap.next);
    return verdict;
  }

  /** A verdict without the row at the position, in the light of what was seen. */
  judge(verdict: Verdict, position: bigint, events: readonly ReflexEvent[]): Verdict {
    if (verdict.kind !== "suspected_fault" || verdict.code !== "history_pruned" || verdict.firstId === undefined)
      return this.of(verdict);
    const recent = performance.now() - this.#at < LONGEST_BLINK_MS;
    const unseen = this.#next === undefined || verdict.firstId <= this.#next;
    if (!recent || !unseen) return verdict;
    const gap = { prev: position, next: verdict.firstId };
    return this.of({ kind: "gap", gap, beyond: events, anchored: false });
  }

  #remember(next: bigint | undefined): void {
    this.#next = next;
    this.#at = performance.now();
  }
}
