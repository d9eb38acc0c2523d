import { afterEach, expect, test, vi } from "vitest";
import { memoryCursorStore } from "../testing/memory/memory-cursor-store.ts";
import { mockStream } from "../testing/memory/mock-stream.ts";
import { createConsumer } from "./consumer.ts";
import type { Observer } from "./observer.ts";
import { runForever } from "./run-forever.ts";

afterEach(() => void vi.restoreAllMocks());

/** The warnings of a run whose cursor can't be read twice, and whose consumer fails once at its first event. */
async function warningsOf(observer: Observer): Promise<string[]> {
  const warnings: string[] = [];
  const logger = { warn: (message: string) => void warnings.push(message) };
  const cursors = memoryCursorStore();
  const reading = vi.spyOn(cursors, "getCursor");
  reading.mockRejectedValueOnce(new Error("gone")).mockRejectedValueOnce(new Error("still gone"));
  let fails = true;
  const consumer = createConsumer("mailer", () => {
    if (!fails) return;
    fails = false;
    throw new Error("no such address");
  });
  const spec = { stream: mockStream([{ type: 1 }]), cursors, consumer, options: { toHead: true } };
  await runForever(spec, { minBackoffMs: 1, maxBackoffMs: 2, observer, logger });
  return warnings;
}

// Catches a log that ends with a failure though the consumer runs again, and a line after each event that failed.
test("a run says that it runs again after attempts that had no stream, and not after an event that failed", async () => {
  expect(await warningsOf({})).toEqual([
    expect.stringContaining("gone"),
    expect.stringContaining("still gone"),
    expect.stringMatching(/^consumer mailer runs again, \d+ ms after the first of 2 attempts that failed$/),
    expect.stringMatching(/^run of mailer failed: ReflexError: consumer mailer failed at event 1 /),
  ]);
});

test("a run whose observer takes errors warns of neither", async () => {
  expect(await warningsOf({ error: () => undefined })).toEqual([]);
});
