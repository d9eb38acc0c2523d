import { describe, expect, test } from "vitest";
import { LastSight } from "./last-poll-memory.ts";
import type { Verdict } from "./position.ts";

const pruned: Verdict = { kind: "doubt", code: "history_pruned", firstId: 12n };
const holeTo = (next: bigint): Verdict => ({ kind: "hole", hole: { prev: 10n, next }, beyond: [], anchored: true });

describe("rows missing behind a position whose own row is gone", () => {
  test("were pruned, as far as a stream that has just come can tell", () => {
    expect(new LastSight().judge(pruned, 10n, [])).toBe(pruned);
  });

  test("are a hole if nothing was beyond the position a moment ago", () => {
    const sight = new LastSight();
    sight.of({ kind: "head" });
    expect(sight.judge(pruned, 10n, [])).toEqual({ ...holeTo(12n), anchored: false });
  });

  test("are a hole if it was seen before", () => {
    const sight = new LastSight();
    sight.of(holeTo(12n));
    expect(sight.judge(pruned, 10n, [])).toMatchObject({ kind: "hole" });
  });

  test("were pruned if a row was there a moment ago", () => {
    const sight = new LastSight();
    sight.of(holeTo(11n));
    expect(sight.judge(pruned, 10n, [])).toBe(pruned);
  });

  test("leave any other doubt as it is", () => {
    const sight = new LastSight();
    sight.of({ kind: "head" });
    const ahead: Verdict = { kind: "doubt", code: "cursor_ahead", firstId: undefined };
    expect(sight.judge(ahead, 10n, [])).toBe(ahead);
  });
});
