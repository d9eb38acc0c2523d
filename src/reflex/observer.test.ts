import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ReflexErrorDetails } from "../errors/reflex-error.ts";
import { defaultLogger, type ErrorReport, Reporting, type StallReport } from "./observer.ts";

class Warnings {
  readonly messages: string[] = [];
  readonly details: ReflexErrorDetails[] = [];
  warn(message: string, details: ReflexErrorDetails): void {
    this.messages.push(message);
    this.details.push(details);
  }
}

const flush = { table: "cursors", cursors: 1, durationMs: 2 };
const failed: ErrorReport = { activity: "flush", name: "cursors", error: new Error("gone") };
const stalled: StallReport = {
  table: "events",
  prev: "1",
  next: "3",
  state: "stalled",
  reason: "missing_ids",
  waitedMs: 5000,
  message: "events waits for id 2",
};

let logger: Warnings;
beforeEach(() => {
  logger = new Warnings();
});

function boom(): never {
  throw new Error("boom");
}

// As an async function behaves where a void function was asked for.
function rejectLater(): void {
  return Promise.reject(new Error("boom")) as unknown as void;
}

function throwUnprintable(): never {
  throw Object.create(null) as Error;
}

describe("a report", () => {
  test("goes to each observer that takes it, with the observer as this", () => {
    const told: unknown[] = [];
    const observer = {
      name: "first",
      flush(report: unknown): void {
        told.push(this.name, report);
      },
    };
    const reporting = new Reporting([undefined, observer, { error: boom }, { flush: () => told.push("second") }]);
    reporting.tell("flush", flush);
    expect(told).toEqual(["first", flush, "second"]);
    expect(reporting.wants("flush")).toBe(true);
    expect(reporting.wants("page")).toBe(false);
  });

  test("reaches the other observers though one throws, of which the logger is warned", () => {
    const told: unknown[] = [];
    const reporting = new Reporting([{ flush: boom }, { flush: (report) => told.push(report) }], logger);
    expect(() => reporting.tell("flush", flush)).not.toThrow();
    expect(told).toEqual([flush]);
    expect(logger.messages).toEqual(["an observer's flush function threw: Error: boom"]);
  });

  test("to an asynchronous observer that rejects is a warning, not an unhandled rejection", async () => {
    const reporting = new Reporting([{ flush: rejectLater }], logger);
    reporting.tell("flush", flush);
    await new Promise(setImmediate);
    expect(logger.messages).toEqual(["an observer's flush function threw: Error: boom"]);
  });

  test("survives an observer that throws what can't be printed, and a member that is no function", () => {
    const reporting = new Reporting([{ flush: throwUnprintable }, { flush: 5 as unknown as () => void }], logger);
    expect(() => reporting.tell("flush", flush)).not.toThrow();
    expect(logger.messages).toHaveLength(2);
  });

  test.each([
    ["throws", boom],
    ["rejects", rejectLater],
  ])("survives a logger that %s", async (_how, warn) => {
    const reporting = new Reporting([], { warn });
    expect(() => reporting.error(failed)).not.toThrow();
    await new Promise(setImmediate);
  });
});

describe("an error", () => {
  test("goes to observers that take errors, and then not to the logger", () => {
    const told: unknown[] = [];
    new Reporting([{ error: (report) => told.push(report) }], logger).error(failed);
    expect(told).toEqual([failed]);
    expect(logger.messages).toEqual([]);
  });

  test("is a warning when no observer takes errors, with the wait until the next try", () => {
    const reporting = new Reporting([{ flush: boom }], logger);
    reporting.error(failed);
    reporting.error({ ...failed, retryInMs: 1234.5 });
    reporting.error({ ...failed, retryInMs: 200, unreported: 7 });
    reporting.error({ ...failed, error: Object.create(null) as Error });
    expect(logger.messages).toEqual([
      "flush of cursors failed: Error: gone",
      "flush of cursors failed: Error: gone; trying again in 1235 ms",
      "flush of cursors failed: Error: gone; trying again in 200 ms; 7 more like this since the last report",
      "flush of cursors failed: an object (no name)",
    ]);
  });
});

describe("a stall", () => {
  test("goes to observers that take stalls, and then not to the logger", () => {
    const told: unknown[] = [];
    new Reporting([{ stall: (report) => told.push(report) }], logger).stall(stalled);
    expect(told).toEqual([stalled]);
    expect(logger.messages).toEqual([]);
  });

  test("is a warning with its place when no observer takes stalls", () => {
    new Reporting([{ error: boom }], logger).stall(stalled);
    expect(logger.messages).toEqual(["events waits for id 2"]);
    expect(logger.details).toEqual([
      { table: "events", prev: "1", next: "3", state: "stalled", reason: stalled.reason },
    ]);
  });
});

describe("the default logger", () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): number => warnings.push(warning);
  beforeEach(() => void process.on("warning", onWarning));
  afterEach(() => void process.off("warning", onWarning));

  test("emits a process warning of a type of its own", async () => {
    new Reporting([]).warn("look here", {});
    defaultLogger.warn("and here", {});
    await new Promise(setImmediate);
    expect(warnings.map(({ name, message }) => `${name}: ${message}`)).toEqual([
      "ReflexRsqlWarning: look here",
      "ReflexRsqlWarning: and here",
    ]);
  });
});
