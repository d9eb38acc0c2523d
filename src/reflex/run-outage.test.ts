import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { Reports } from "../../test/support/streams/gaps.ts";
import { memoryCursorStore } from "../testing/memory/memory-cursor-store.ts";
import { mockStream } from "../testing/memory/mock-stream.ts";
import { createConsumer } from "./consumer.ts";
import type { Observer } from "./observer.ts";
import { runForever } from "./run-forever.ts";
import type { Spec } from "./spec.ts";

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

// Catches a log that ends with a failure though the consumer runs again.
test("a run says that it runs again after attempts that had no stream, and again after an event that failed", async () => {
  expect(await warningsOf({})).toEqual([
    expect.stringContaining("gone"),
    expect.stringContaining("still gone"),
    expect.stringMatching(/^consumer mailer runs again, \d+ ms after the first of 2 attempts that failed$/),
    expect.stringMatching(/^run of mailer failed: ReflexError: consumer mailer failed at event 1 /),
    expect.stringMatching(/^consumer mailer runs again, \d+ ms after an attempt that failed$/),
  ]);
});

/** A run without an end whose consumer fails until it is mended, and a promise for each line of its log. */
function startFailing(mendedStream?: Spec["stream"]) {
  const lines = new Reports<string>();
  const stopping = new AbortController();
  const mended = { value: false };
  const consumer = createConsumer("mailer", () => {
    if (!mended.value) throw new Error("no such address");
  });
  const broken = mockStream([{ type: 1 }]);
  const stream: Spec["stream"] = (after, options) => (mended.value ? (mendedStream ?? broken) : broken)(after, options);
  const spec = { stream, cursors: memoryCursorStore(), consumer };
  const logger = { warn: (message: string) => lines.add(message) };
  const running = runForever(spec, { minBackoffMs: 1, maxBackoffMs: 2, logger, signal: stopping.signal });
  return { lines, mended, stop: () => (stopping.abort("stop"), running.catch(() => undefined)) };
}

const RUNS_AGAIN = /^consumer mailer runs again, \d+ ms after the first of (\d+) attempts that failed$/;

// Catches a log that ends with an event that failed though it was handled later, and one that says so while it still fails.
test("a run says that it runs again once its cursor has moved past the event that failed, with the count", async () => {
  const { lines, mended, stop } = startFailing();
  await lines.first((_line, index) => index === 3);
  mended.value = true;
  const line = await lines.first((one) => one.includes("runs again"));
  expect(Number(RUNS_AGAIN.exec(line)?.[1])).toBe(lines.all.length - 1);
  await stop();
  expect(lines.all.filter((one) => one.includes("runs again"))).toHaveLength(1);
});

test("a run whose observer takes errors warns of neither", async () => {
  expect(await warningsOf({ error: () => undefined })).toEqual([]);
});

// Catches a log that ends with an event that failed, where nobody will ever handle it: it was deleted.
test("a run says that it runs again once it has waited well at the head, if the event is gone", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const { lines, mended, stop } = startFailing(mockStream([]));
  while (lines.all.length < 4) await vi.advanceTimersByTimeAsync(1);
  mended.value = true;
  await vi.advanceTimersByTimeAsync(1000);
  expect(lines.all.some((line) => line.includes("runs again"))).toBe(false);
  await vi.advanceTimersByTimeAsync(9000);
  expect(lines.all.filter((line) => RUNS_AGAIN.test(line))).toHaveLength(1);
  await stop();
});
