import { expect, test } from "vitest";
import { createPaint } from "./paint.ts";
import { type Progress, renderBlock, renderLine } from "./progress.ts";
import { Tally } from "./tally.ts";

function halfWay(): Progress {
  const tally = new Tally();
  tally.started("read-model", "");
  tally.started("mailer", "");
  tally.written("a", { type: "written", committed: 1234, head: "1234" });
  const common = { type: "consumed", savedCursor: "", duplicates: 0 } as const;
  tally.consumed("read-model", { ...common, position: "1000", failures: 0 });
  tally.consumed("mailer", { ...common, position: "1230", failures: 2 });
  tally.ended("read-model", "killed");
  return { elapsedMs: 6240, seconds: 12, writing: true, tally: tally.view() };
}

test("a terminal shows a line on the orders and one a consumer", () => {
  expect(renderBlock(halfWay(), createPaint(false))).toEqual([
    "  6.2 s of 12 s   1,234 orders committed   0/s",
    "    read-model  at event  1,000   lag   234   killed",
    "    mailer      at event  1,230   lag     4   running, 2 failures retried",
    "    audit       starts later",
  ]);
});

test("a log gets the same in one line", () => {
  expect(renderLine({ ...halfWay(), writing: false })).toBe(
    "  6.2 s  1,234 orders committed, writers done; lag: read-model 234, mailer 4, audit -",
  );
});

test("no line is too long for a terminal of 80 columns", () => {
  for (const line of renderBlock(halfWay(), createPaint(false))) expect(line.length).toBeLessThan(80);
});
