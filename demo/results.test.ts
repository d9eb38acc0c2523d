import { expect, test } from "vitest";
import { createPaint } from "./paint.ts";
import { type Results, renderResults } from "./results.ts";
import { Tally } from "./tally.ts";
import type { Check, Evidence } from "./verdict.ts";

const evidence: Evidence = {
  rolledBack: ["a-2"],
  noops: new Set(["2"]),
  acknowledged: [{ orderId: "a-1", eventId: "1", at: 1n }],
  orders: new Map([["a-1", { customer: "Ada", cents: 100 }]]),
  events: new Map([["1", "a-1"]]),
  effects: { "read-model": [{ eventId: "1", orderId: "a-1" }], mailer: [], audit: [] },
  totals: new Map(),
};

function render(checks: readonly Check[], change: Partial<Results> = {}): string[] {
  const played = { tally: new Tally().view(), writingMs: 1000, restart: undefined };
  return renderResults({ played, evidence, checks, gaps: true, naivelySeen: 0, ...change }, createPaint(false));
}

test("the last line says that all agreed", () => {
  const lines = render([{ claim: "all is well", problems: [] }]);
  expect(lines).toContain("  ok    all is well");
  expect(lines.at(-1)).toBe("PASSED: 1 event to 3 consumers: none lost, none doubled, all in order");
});

test("the last line names the first problem; long lists are cut", () => {
  const problems = Array.from({ length: 8 }, (_, index) => `mailer lost event ${index}`);
  const lines = render([{ claim: "nothing is lost", problems }]);
  expect(lines).toContain("  FAIL  nothing is lost");
  expect(lines).toContain("        mailer lost event 4");
  expect(lines).not.toContain("        mailer lost event 5");
  expect(lines).toContain("        and 3 more");
  expect(lines.at(-1)).toBe("FAILED: mailer lost event 0 and 7 more");
});

test("tells what became of rolled-back orders, where they leave gaps and where they don't", () => {
  const withGaps = render([]);
  expect(withGaps).toContain("  orders rolled back            1   after their insert, which leaves a gap");
  expect(withGaps).toContain("  gaps closed                   1   with a noop row each, up to the last event");
  const without = render([], { gaps: false, naivelySeen: undefined }).join("\n");
  expect(without).toContain("  orders rolled back            1   after their insert, which leaves no gap");
  expect(without).not.toMatch(/gaps closed|wait at a gap|out of order|naive/);
});

test("no line is too long for a terminal of 80 columns", () => {
  const lossy = new Tally();
  lossy.written("a", { type: "written", committed: [], rolledBack: 0, retries: 1000 });
  const played = { tally: lossy.view(), writingMs: 1000, restart: undefined };
  for (const line of render([], { played })) expect(line.length).toBeLessThan(80);
});
