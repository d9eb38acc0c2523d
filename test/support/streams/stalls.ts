import type { StallReport } from "reflex-rsql";
import { expect } from "vitest";
import { STALL_AFTER_MS } from "../../../src/database/sessions/long-wait.ts";
import type { Reports } from "./gaps.ts";

export const isResumed = ({ state }: StallReport): boolean => state === "resumed";

/** An observer whose errors are nobody's affair. */
export const quiet = { error: (): void => undefined };

/** Expects one stall of this reason at the gap at 2, told once it had lasted, and nothing else yet. */
export function expectStall(stalls: Reports<StallReport>, reason: string, remedy: RegExp): void {
  expect(stalls.all).toHaveLength(1);
  expect(stalls.all[0]).toMatchObject({ state: "stalled", prev: "1", next: "3", reason });
  expect(stalls.all[0]?.message).toMatch(/row 2, missing below row 3/);
  expect(stalls.all[0]?.message).toMatch(remedy);
  expect(stalls.all[0]?.waitedMs).toBeGreaterThanOrEqual(STALL_AFTER_MS);
}
