import { expect, test } from "vitest";
import type { ConsumerProgress, WriterProgress } from "./messages.ts";
import { type ConsumerView, Tally } from "./tally.ts";

function consumed(position: string, counts: Partial<ConsumerProgress> = {}): ConsumerProgress {
  return {
    type: "consumed",
    position,
    savedCursor: "",
    duplicates: 0,
    failures: 0,
    gaps: 0,
    longestWaitMs: 0,
    ...counts,
  };
}

/** What a writer reports once it has committed these events. */
function written(...committed: readonly string[]): WriterProgress {
  return { type: "written", committed, rolledBack: 1, retries: 2 };
}

function idsUpTo(last: number): string[] {
  return Array.from({ length: last }, (_, index) => String(index + 1));
}

function mailerOf(tally: Tally): ConsumerView | undefined {
  return tally.view().consumers.find(({ name }) => name === "mailer");
}

test("adds up the writers, over all that each has reported", () => {
  const tally = new Tally();
  tally.written("a", written("1", "2"));
  tally.written("b", written("3"));
  tally.written("a", written());
  tally.written("a", written("9"));
  expect(tally.view()).toMatchObject({ committed: 4, rolledBack: 2, retries: 4 });
});

test("the lag is what a consumer has still to read; its greatest value is kept", () => {
  const tally = new Tally();
  tally.started("mailer", "");
  tally.written("a", written(...idsUpTo(100)));
  tally.consumed("mailer", consumed("40"));
  tally.sample(0);
  tally.consumed("mailer", consumed("101"));
  tally.sample(100);
  expect(mailerOf(tally)).toMatchObject({ lag: 0, maxLag: 60, position: 101n });
});

test("the lag counts events, not the ids between them; writers report them in any order", () => {
  const tally = new Tally();
  tally.started("mailer", "");
  tally.written("a", written("7", "31"));
  tally.written("b", written("9", "10", "4"));
  expect(mailerOf(tally)?.lag).toBe(5);
  tally.consumed("mailer", consumed("9"));
  expect(mailerOf(tally)?.lag).toBe(2);
});

test("a consumer that was killed keeps its counts through its next life, which begins at its cursor", () => {
  const tally = new Tally();
  tally.started("mailer", "");
  tally.consumed(
    "mailer",
    consumed("50", { duplicates: 2, failures: 3, gaps: 4, longestWaitMs: 60, savedCursor: "40" }),
  );
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
  tally.consumed("mailer", consumed("60", { duplicates: 8, gaps: 5, longestWaitMs: 20 }));
  expect(mailerOf(tally)).toMatchObject({ state: "running", position: 60n, duplicates: 10, failures: 3, restarts: 1 });
  expect(mailerOf(tally)).toMatchObject({ gaps: 9, longestWaitMs: 60 });
});

test("the rate is that of the last second", () => {
  const tally = new Tally();
  for (let second = 0; second <= 5; second++) {
    tally.written("a", written(...(second < 4 ? [] : idsUpTo(200))));
    tally.sample(second * 1000);
  }
  expect(tally.view().perSecond).toBe(200);
});
