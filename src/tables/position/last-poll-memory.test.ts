import { describe, expect, test } from "vitest";
import type { Verdict } from "./judge-poll.ts";
import { LastPollMemory } from "./last-poll-memory.ts";

const pruned: Verdict = { kind: "suspected_fault", code: "history_pruned", firstId: 12n };
const gapTo = (next: bigint): Verdict => ({ kind: "gap", gap: { prev: 10n, next }, beyond: [], anchored: true });

describe("rows missing behind a position whose own row is gone", () => {
  test("were pruned, as far as a stream that has just come can tell", () => {
    expect(new LastPollMemory().refine(pruned, 10n, [])).toBe(pruned);
  });

  test("are a gap if nothing was beyond the position a moment ago", () => {
    const memory = new LastPollMemory();
    memory.refine({ kind: "head" }, 10n, []);
    expect(memory.refine(pruned, 10n, [])).toEqual({ ...gapTo(12n), anchored: false });
  });

  test("are a gap if it was seen before", () => {
    const memory = new LastPollMemory();
    memory.refine(gapTo(12n), 10n, []);
    expect(memory.refine(pruned, 10n, [])).toMatchObject({ kind: "gap" });
  });

  test("were pruned if a row was there a moment ago", () => {
    const memory = new LastPollMemory();
    memory.refine(gapTo(11n), 10n, []);
    expect(memory.refine(pruned, 10n, [])).toBe(pruned);
  });

  test("leave any other suspicion as it is", () => {
    const memory = new LastPollMemory();
    memory.refine({ kind: "head" }, 10n, []);
    const ahead: Verdict = { kind: "suspected_fault", code: "cursor_ahead", firstId: undefined };
    expect(memory.refine(ahead, 10n, [])).toBe(ahead);
  });
});
