import { expect, test } from "vitest";
import { createPaint } from "./paint.ts";
import { lineLegend, type Progress, renderBlock, renderLine } from "./progress.ts";
import { Tally } from "./tally.ts";

function halfWay(): Progress {
  const tally = new Tally();
  tally.started("read-model", "");
  tally.started("mailer", "");
  const committed = Array.from({ length: 1234 }, (_, index) => String(index + 1));
  tally.written("a", { type: "written", committed, rolledBack: 176, retries: 0 });
  const common = { type: "consumed", savedCursor: "", duplicates: 0, gaps: 0, longestWaitMs: 0 } as const;
  tally.consumed("read-model", { ...common, position: "1000", failures: 0 });
  tally.consumed("mailer", { ...common, position: "1230", failures: 2 });
  tally.ended("read-model", "killed");
  return { elapsedMs: 6240, seconds: 12, writing: true, tally: tally.view(), gapsClosed: 171 };
}

test("a terminal shows a line on the orders and one a consumer", () => {
  expect(renderBlock(halfWay(), createPaint(false))).toEqual([
    "  6.2 s of 12 s   1,234 orders  176 rolled back  171 gaps closed  0/s",
    "    read-model  at event  1,000   lag   234   killed",
    "    mailer      at event  1,230   lag     4   running, 2 failures retried",
    "    audit       starts later",
  ]);
});

test("a log gets the same in one line", () => {
  expect(renderLine({ ...halfWay(), writing: false })).toBe(
    "  6.2 s  1,234 orders, 176 rolled back, 171 gaps closed; lag 234/4/-",
  );
});

test("where rollbacks leave no gaps, none are counted", () => {
  const lines = renderBlock({ ...halfWay(), gapsClosed: undefined, writing: false }, createPaint(false));
  expect(lines[0]).toBe("  6.2 s   1,234 orders  176 rolled back  writers done");
});

test("no line is too long for a terminal of 80 columns", () => {
  const progress = { ...halfWay(), elapsedMs: 106_240 };
  const done = renderBlock({ ...progress, writing: false }, createPaint(false));
  const lines = [...renderBlock(progress, createPaint(false)), ...done, renderLine(progress), lineLegend];
  for (const line of lines) expect(line.length).toBeLessThan(80);
});
