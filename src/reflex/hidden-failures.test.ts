import { afterEach, describe, expect, test, vi } from "vitest";
import { ReflexError } from "../errors/reflex-error.ts";
import { memoryCursorStore } from "../testing/memory/memory-cursor-store.ts";
import { mockStream } from "../testing/memory/mock-stream.ts";
import { createConsumer } from "./consumer.ts";
import type { CursorStore } from "./cursor-store.ts";
import { run } from "./run.ts";
import { runForever } from "./run-forever.ts";

const ATTEMPTS = 20;

afterEach(() => void vi.restoreAllMocks());

function databaseError(activity: string, code: string): ReflexError {
  const cause = Object.assign(new Error("connect failed"), { code });
  return new ReflexError("database_error", `could not ${activity} cursors`, {
    cause,
    details: { failure: "unreachable" },
  });
}

interface Failing {
  readonly cursors: CursorStore;
  readonly attempts: number;
}

/** A store that fails at each read, and whose last flush fails with this code. It can be read after some attempts. */
function failingStore(flushCode: string, attempts: number): Failing {
  const cursors = memoryCursorStore();
  const failing = { cursors, attempts: 0 };
  const getCursor = cursors.getCursor.bind(cursors);
  vi.spyOn(cursors, "getCursor").mockImplementation(async (name) => {
    failing.attempts++;
    if (failing.attempts > attempts) return getCursor(name);
    throw databaseError("read", "ECONNREFUSED");
  });
  const flush = cursors.flush.bind(cursors);
  vi.spyOn(cursors, "flush").mockImplementation(async (options) => {
    if (failing.attempts > attempts) return flush(options);
    throw databaseError("write", flushCode);
  });
  return failing;
}

function specOf(cursors: CursorStore): Parameters<typeof runForever>[0] {
  const consumer = createConsumer("mailer", () => undefined);
  return { stream: mockStream([{ type: 1 }]), cursors, consumer, options: { toHead: true } };
}

/** What was reported of attempts that fail, and whose flush fails with this code. */
async function activitiesOf(flushCode: string, attempts: number): Promise<string[]> {
  const told: string[] = [];
  const observer = { error: ({ activity }: { activity: string }) => void told.push(activity) };
  const { cursors } = failingStore(flushCode, attempts);
  await runForever(specOf(cursors), { minBackoffMs: 1, maxBackoffMs: 2, observer });
  return told;
}

describe("what fails besides the error of an attempt", () => {
  // Catches a log that has a line of each attempt while a server is away.
  test("is reported as seldom as the attempts are", async () => {
    const told = await activitiesOf("EHOSTUNREACH", ATTEMPTS);
    expect(told.filter((activity) => activity === "flush")).toHaveLength(
      told.filter((activity) => activity === "run").length,
    );
    expect(told.length).toBeLessThan(ATTEMPTS);
  });

  test("comes before the error of its attempt", async () => {
    expect(await activitiesOf("EHOSTUNREACH", 1)).toEqual(["flush", "run"]);
  });

  // Catches one refusal that is told twice.
  test("is not reported where it has the same cause", async () => {
    expect(await activitiesOf("ECONNREFUSED", 1)).toEqual(["run"]);
  });

  test.each([
    { flushCode: "ECONNREFUSED", reports: [] },
    { flushCode: "EHOSTUNREACH", reports: ["flush"] },
  ])("is reported by a run that ends if its cause is another: $flushCode", async ({ flushCode, reports }) => {
    const told: string[] = [];
    const observer = { error: ({ activity }: { activity: string }) => void told.push(activity) };
    const { cursors } = failingStore(flushCode, 1);
    await expect(run(specOf(cursors), { observer })).rejects.toMatchObject({ code: "database_error" });
    expect(told).toEqual(reports);
  });
});
