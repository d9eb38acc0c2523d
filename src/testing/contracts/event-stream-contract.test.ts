import { AssertionError } from "node:assert";
import { describe, expect, test } from "vitest";
import { type Breakage, brokenStreams, withOptions } from "../../../test/support/contracts/broken-streams.ts";
import type { StreamFunc } from "../../reflex/stream.ts";
import { type MockStream, mockStream } from "../memory/mock-stream.ts";
import { eventStreamContract } from "./event-stream-contract.ts";

describe("the contract of streams", () => {
  const outcome = (rule: string, breakage: Breakage): Promise<unknown> => {
    const make = (): { stream: StreamFunc; insert(ids: readonly string[]): Promise<unknown> } => {
      const stream = mockStream();
      const toParts = (foreignId: string): object => ({ foreignId, timestamp: new Date() });
      return { stream: breakage(stream), insert: async (ids) => stream.push(...ids.map(toParts)) };
    };
    const found = eventStreamContract(make, { patienceMs: 250 }).find(({ name }) => name === rule);
    if (found === undefined) return Promise.reject(new Error(`no such rule: ${rule}`));
    return found.run().then(
      () => "passed",
      (error: unknown) => error,
    );
  };

  // Catches a rule that a wrong stream passes.
  test.each(Object.entries(brokenStreams))("fails a stream that %s", async (_, [rule, breakage]) => {
    const error = await outcome(rule, breakage);
    expect(error).toBeInstanceOf(AssertionError);
    expect((error as Error).message).toMatch(/must|waited/);
  });

  // Catches a rule that no wrong stream was tried on.
  test("has no rule that is not among these", () => {
    const rules = eventStreamContract(() => Promise.reject(new Error("not made"))).map(({ name }) => name);
    expect(new Set(rules)).toEqual(new Set(Object.values(brokenStreams).map(([rule]) => rule)));
  });

  // Catches a case that leaves its subject, such as a server, behind.
  test.each([
    ["passed", (stream: MockStream): StreamFunc => stream],
    ["failed", withOptions((options) => ({ ...options, toHead: false }))],
  ])("disposes of the subject after a case that %s", async (_, breakage) => {
    let disposed = 0;
    const cases = eventStreamContract(
      () => ({
        stream: breakage(mockStream()),
        insert: () => Promise.resolve(),
        [Symbol.asyncDispose]: async () => void disposed++,
      }),
      { patienceMs: 100 },
    );
    const empty = cases.find(({ name }) => name === "ends at once, with toHead, when there is nothing to deliver");
    await empty?.run().catch(() => undefined);
    expect(disposed).toBe(1);
  });
});
