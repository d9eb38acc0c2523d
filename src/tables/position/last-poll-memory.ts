import type { ReflexEvent } from "../../reflex/event.ts";
import type { Verdict } from "./judge-poll.ts";

// Rows that were not there at the last poll and are gone by the next would have been deleted younger than this.
const LONGEST_BLINK_MS = 60_000;

/**
 * What the last poll saw beyond a position. Retention may delete the row at the position, rightly, as everyone has passed
 * it. Whether rows behind it were deleted as well shows only to whoever looked before: ids that no poll has seen are a gap.
 */
export class LastPollMemory {
  /** The first id seen beyond the position; undefined if there was none. */
  #next: bigint | undefined;
  #at = Number.NEGATIVE_INFINITY;

  /** The verdict on a poll at this position in the light of the last poll. Remembers what this poll saw. */
  refine(verdict: Verdict, position: bigint, events: readonly ReflexEvent[]): Verdict {
    const refined = this.#isUnseenGap(verdict)
      ? ({ kind: "gap", gap: { prev: position, next: verdict.firstId }, beyond: events, anchored: false } as const)
      : verdict;
    if (refined.kind === "head") this.#remember(undefined);
    if (refined.kind === "gap") this.#remember(refined.gap.next);
    return refined;
  }

  /** Whether the rows that seem pruned were not there a moment ago either. */
  #isUnseenGap(verdict: Verdict): verdict is Extract<Verdict, { kind: "suspected_fault" }> & { firstId: bigint } {
    if (verdict.kind !== "suspected_fault" || verdict.code !== "history_pruned") return false;
    const { firstId } = verdict;
    if (firstId === undefined || performance.now() - this.#at >= LONGEST_BLINK_MS) return false;
    return this.#next === undefined || firstId <= this.#next;
  }

  #remember(next: bigint | undefined): void {
    this.#next = next;
    this.#at = performance.now();
  }
}
