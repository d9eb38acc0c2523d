import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ReadPace } from "./read-pace.ts";

const signal = new AbortController().signal;
let commits = 0;
let pace: ReadPace;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  commits = 0;
  pace = new ReadPace(() => commits);
});

afterEach(() => {
  vi.useRealTimers();
});

/** A poll finds the head, and a commit wakes the reader after so many ms. Resolves with how long it rests then. */
async function wake({ afterMs, commitsInRest }: { afterMs: number; commitsInRest: number }): Promise<number> {
  pace.atHead();
  await vi.advanceTimersByTimeAsync(afterMs);
  commits++;
  const restMs = pace.woken();
  if (restMs === 0) return 0;
  const resting = pace.rest(restMs, signal);
  commits += commitsInRest;
  await vi.advanceTimersByTimeAsync(restMs);
  await resting;
  return restMs;
}

test("a reader polls at once after commits that come now and then", async () => {
  for (let round = 0; round < 10; round++) expect(await wake({ afterMs: 10, commitsInRest: 5 })).toBe(0);
});

test("while commits come fast, whatever it does, it rests before each poll", async () => {
  await wake({ afterMs: 10, commitsInRest: 0 });
  expect(await wake({ afterMs: 1, commitsInRest: 1 })).toBe(1);
  for (let round = 0; round < 10; round++) expect(await wake({ afterMs: 1, commitsInRest: 4 })).toBe(4);
});

test("where each commit is an answer to its event, it tries a rest once in a while, and else polls at once", async () => {
  await wake({ afterMs: 10, commitsInRest: 0 });
  const rests: number[] = [];
  for (let round = 0; round < 50; round++) rests.push(await wake({ afterMs: 1, commitsInRest: 0 }));
  expect(rests.filter((ms) => ms > 0)).toEqual([1]);
});

test("it polls at once again when the commits get fewer", async () => {
  await wake({ afterMs: 10, commitsInRest: 0 });
  await wake({ afterMs: 1, commitsInRest: 1 });
  await wake({ afterMs: 1, commitsInRest: 0 });
  for (let round = 0; round < 10; round++) expect(await wake({ afterMs: 10, commitsInRest: 0 })).toBe(0);
});

test("a rest ends with the signal's reason", async () => {
  const abort = new AbortController();
  const resting = pace.rest(5, abort.signal);
  const reason = new Error("enough");
  abort.abort(reason);
  await expect(resting).rejects.toBe(reason);
});
