import { expect, test } from "vitest";
import { createPaint } from "./paint.ts";
import { renderResults } from "./results.ts";
import { Tally } from "./tally.ts";
import type { Check, Evidence } from "./verdict.ts";

const evidence: Evidence = {
  acknowledged: [{ orderId: "a-1", eventId: "1", at: 1n }],
  orders: new Map([["a-1", { customer: "Ada", cents: 100 }]]),
  events: new Map([["1", "a-1"]]),
  effects: { "read-model": [{ eventId: "1", orderId: "a-1" }], mailer: [], audit: [] },
  totals: new Map(),
};

function render(checks: readonly Check[]): string[] {
  const played = { tally: new Tally().view(), writingMs: 1000, restart: undefined };
  return renderResults({ played, evidence, checks, naivelySeen: 0 }, createPaint(false));
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

test("no line is too long for a terminal of 80 columns", () => {
  for (const line of render([])) expect(line.length).toBeLessThan(80);
});
