import { expect, test } from "vitest";
import type { ConsumerProgress } from "./messages.ts";
import { type ConsumerView, Tally } from "./tally.ts";

function consumed(position: string, counts: Partial<ConsumerProgress> = {}): ConsumerProgress {
  return { type: "consumed", position, savedCursor: "", duplicates: 0, failures: 0, ...counts };
}

function mailerOf(tally: Tally): ConsumerView | undefined {
  return tally.view().consumers.find(({ name }) => name === "mailer");
}

test("adds up the writers; the head is the highest id of any of them", () => {
  const tally = new Tally();
  tally.written("a", { type: "written", committed: 3, head: "9" });
  tally.written("b", { type: "written", committed: 4, head: "10" });
  expect(tally.view()).toMatchObject({ committed: 7, head: 10n });
});

test("the lag is what a consumer has still to read; its greatest value is kept", () => {
  const tally = new Tally();
  tally.started("mailer", "");
  tally.written("a", { type: "written", committed: 100, head: "100" });
  tally.consumed("mailer", consumed("40"));
  tally.sample(0);
  tally.consumed("mailer", consumed("101"));
  tally.sample(100);
  expect(mailerOf(tally)).toMatchObject({ lag: 0n, maxLag: 60n, position: 101n });
});

test("a consumer that was killed keeps its counts through its next life, which begins at its cursor", () => {
  const tally = new Tally();
  tally.started("mailer", "");
  tally.consumed("mailer", consumed("50", { duplicates: 2, failures: 3, savedCursor: "40" }));
  tally.ended("mailer", "killed");
  tally.consumed("mailer", consumed("51", { duplicates: 9 }));
  expect(mailerOf(tally)).toMatchObject({
    state: "killed",
    position: 50n,
    savedCursor: "40",
    duplicates: 2,
    failures: 3,
  });
  tally.started("mailer", "42");
  tally.consumed("mailer", consumed("60", { duplicates: 8 }));
  expect(mailerOf(tally)).toMatchObject({ state: "running", position: 60n, duplicates: 10, failures: 3, restarts: 1 });
});

test("the rate is that of the last second", () => {
  const tally = new Tally();
  for (let second = 0; second <= 5; second++) {
    tally.written("a", { type: "written", committed: second < 4 ? 0 : (second - 3) * 200, head: "0" });
    tally.sample(second * 1000);
  }
  expect(tally.view().perSecond).toBe(200);
});
