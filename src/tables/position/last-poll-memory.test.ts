import { describe, expect, test } from "vitest";
import { LastPollMemory } from "./last-poll-memory.ts";
import type { Verdict } from "./position.ts";

const pruned: Verdict = { kind: "suspected_fault", code: "history_pruned", firstId: 12n };
const gapTo = (next: bigint): Verdict => ({ kind: "gap", gap: { prev: 10n, next }, beyond: [], anchored: true });

describe("rows missing behind a position whose own row is gone", () => {
  test("were pruned, as far as a stream that has just come can tell", () => {
    expect(new LastPollMemory().judge(pruned, 10n, [])).toBe(pruned);
  });

  test("are a gap if nothing was beyond the position a moment ago", () => {
    const sight = new LastPollMemory();
    sight.of({ kind: "head" });
    expect(sight.judge(pruned, 10n, [])).toEqual({ ...gapTo(12n), anchored: false });
  });

  test("are a gap if it was seen before", () => {
    const sight = new LastPollMemory();
    sight.of(gapTo(12n));
    expect(sight.judge(pruned, 10n, [])).toMatchObject({ kind: "gap" });
  });

  test("were pruned if a row was there a moment ago", () => {
    const sight = new LastPollMemory();
    sight.of(gapTo(11n));
    expect(sight.judge(pruned, 10n, [])).toBe(pruned);
  });

  test("leave any other doubt as it is", () => {
    const sight = new LastPollMemory();
    sight.of({ kind: "head" });
    const ahead: Verdict = { kind: "suspected_fault", code: "cursor_ahead", firstId: undefined };
    expect(sight.judge(ahead, 10n, [])).toBe(ahead);
  });
});
