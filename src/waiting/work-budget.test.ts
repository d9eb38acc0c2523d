import { expect, test } from "vitest";
import { BUDGET_MS, WorkBudget } from "./work-budget.ts";

test("is spent after some ms of work, and renewing it lets a timer that is due fire", async () => {
  const budget = new WorkBudget();
  expect(budget.spent).toBe(false);
  let fired = false;
  setTimeout(() => (fired = true), 1);
  const until = performance.now() + 10 * BUDGET_MS;
  while (performance.now() < until) await Promise.resolve();
  expect(budget.spent).toBe(true);
  expect(fired).toBe(false);
  // One turn of the event loop comes to its immediates before its timers: the second turn is past both.
  await budget.renew();
  await budget.renew();
  expect(fired).toBe(true);
  expect(budget.spent).toBe(false);
});

// Catches a turn for each that asks: a hundred streams would have a stretch of work each before the next timer.
test("those who ask at one time share a turn, and the stretch after it", async () => {
  const budget = new WorkBudget();
  let resumed = 0;
  const turns = Array.from({ length: 100 }, () => budget.renew().then(() => resumed++));
  const seen = new Promise<number>((resolve) => {
    setImmediate(() => resolve(resumed));
  });
  await Promise.all(turns);
  expect(await seen).toBe(100);
});
