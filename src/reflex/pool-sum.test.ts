import { expect, test } from "vitest";
import { Reporting } from "./observer.ts";
import { joinPool, type PoolUser } from "./pool-sum.ts";
import type { PoolNeed, PoolUse } from "./pool-use.ts";

const READS: PoolNeed = { connections: 3, what: "streams" };
const WRITES: PoolNeed = { connections: 1, what: "cursors to be written" };

/** A pool of this size, and the warnings that its users are told. */
function pooled(size: number | undefined): {
  readonly warnings: [message: string, details: object][];
  readonly join: (needs: readonly PoolNeed[], handlerOf?: string) => () => void;
} {
  const warnings: [string, object][] = [];
  const reporting = new Reporting([], { warn: (message, details) => void warnings.push([message, details]) });
  const identity = {};
  const join = (needs: PoolUse["needs"], handlerOf?: string): (() => void) => {
    const user: PoolUser = handlerOf === undefined ? { reporting } : { reporting, handlerOf };
    return joinPool({ identity, size, needs }, user);
  };
  return { warnings, join };
}

function leaveAll(leaves: readonly (() => void)[]): void {
  for (const leave of leaves) leave();
}

// Catches a pool whose connections are counted for the stream alone.
test("a pool that a stream and a store share is warned of once, with each need and their sum", () => {
  const { warnings, join } = pooled(4);
  leaveAll([join([WRITES]), join([READS], "mailer")]);
  leaveAll([join([WRITES]), join([READS], "mailer")]);
  expect(warnings).toEqual([
    [
      "a pool of 4 is too small for the run of mailer, which may need 5 connections at the same time (1 for cursors to be written, 3 for streams, 1 for the consumer's own queries): raise its connectionLimit to 5 or more, as your other queries need connections too, or give some of them a pool of their own",
      { poolSize: 4, needed: 5 },
    ],
  ]);
});

// Catches runs that are counted each for itself, shared connections that are counted for each run, and a warning for each.
test("runs on one pool are counted together: what they share once, their handlers each", () => {
  const { warnings, join } = pooled(5);
  leaveAll(Array.from({ length: 10 }, (_, index) => join([READS, WRITES], `mailer-${index}`)));
  expect(warnings).toEqual([
    [
      "a pool of 5 is too small for the 10 runs on it, which may need 14 connections at the same time (3 for streams, 1 for cursors to be written, 10 for the queries of consumers, one each): raise its connectionLimit to 14 or more, as your other queries need connections too, or give some of them a pool of their own",
      { poolSize: 5, needed: 14 },
    ],
  ]);
});

test("runs that have ended are counted no more, and only a larger sum is warned of again", () => {
  const { warnings, join } = pooled(5);
  const needs = [READS, WRITES];
  for (let index = 0; index < 10; index++) join(needs, `mailer-${index}`)();
  expect(warnings).toEqual([]);
  const two = [join(needs, "a"), join(needs, "b")];
  two.pop()?.();
  join(needs, "c")();
  expect(warnings.map(([, details]) => details)).toEqual([{ poolSize: 5, needed: 6 }]);
  leaveAll([join(needs, "d"), join(needs, "e"), ...two]);
  expect(warnings.map(([, details]) => details)).toEqual([
    { poolSize: 5, needed: 6 },
    { poolSize: 5, needed: 7 },
  ]);
});

test("a pool that is large enough, and one that does not tell its size, are not warned of", () => {
  for (const size of [5, undefined]) {
    const { warnings, join } = pooled(size);
    leaveAll([join([READS, WRITES], "mailer"), join([READS])]);
    expect(warnings).toEqual([]);
  }
});

test("two pools are counted each by itself", () => {
  const [streams, cursors] = [pooled(3), pooled(0)];
  leaveAll([streams.join([READS], "mailer"), cursors.join([WRITES])]);
  expect(streams.warnings).toEqual([[expect.stringMatching(/^a pool of 3 .* the run of mailer/), expect.anything()]]);
  expect(cursors.warnings).toEqual([
    [expect.stringMatching(/^a pool of 0 .* the streams and cursors on it/), expect.anything()],
  ]);
});
