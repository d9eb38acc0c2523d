import { expect, test } from "vitest";
import { Reporting } from "./observer.ts";
import { type PoolUse, warnOfSmallPools } from "./pool-use.ts";

const READS = { connections: 3, what: "streams" };
const WRITES = { connections: 1, what: "cursors to be written" };

function useOf(identity: object, size: number | undefined, ...needs: PoolUse["needs"]): PoolUse {
  return { identity, size, needs };
}

/** The warnings of runs whose stream and store use pools so, one run after the other. */
function warningsOf(...runs: readonly (readonly [PoolUse | undefined, PoolUse | undefined])[]): string[] {
  const messages: string[] = [];
  const reporting = new Reporting([], { warn: (message) => void messages.push(message) });
  for (const [stream, store] of runs) warnOfSmallPools({ consumer: "mailer", reporting }, stream, store);
  return messages;
}

// Catches a pool whose connections are counted for the stream alone, and a warning for each run.
test("a pool that a stream and a store share is warned of once, with each need and their sum", () => {
  const pool = {};
  const run = [useOf(pool, 4, READS), useOf(pool, 4, WRITES)] as const;
  expect(warningsOf(run, run)).toEqual([
    "a pool of 4 is too small for the run of mailer, which may need 5 connections at the same time (3 for streams, 1 for cursors to be written, 1 for the consumer's own queries): give the pool at least 5, besides those that your other queries need",
  ]);
});

test("a pool that is large enough, one that does not tell its size, and sources without one are not warned of", () => {
  const [large, silent] = [{}, {}];
  const runs = [
    [useOf(large, 5, READS), useOf(large, 5, WRITES)],
    [useOf(silent, undefined, READS), useOf(silent, undefined, WRITES)],
    [undefined, undefined],
  ] as const;
  expect(warningsOf(...runs)).toEqual([]);
});

test("two pools are counted each by itself", () => {
  expect(warningsOf([useOf({}, 3, READS), useOf({}, 1, WRITES)])).toEqual([expect.stringMatching(/^a pool of 3 /)]);
  expect(warningsOf([useOf({}, 4, READS), useOf({}, 0, WRITES)])).toEqual([expect.stringMatching(/^a pool of 0 /)]);
});
