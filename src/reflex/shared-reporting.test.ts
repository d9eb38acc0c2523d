import { beforeEach, describe, expect, test } from "vitest";
import { type Observer, Reporting } from "./observer.ts";
import { SharedReporting } from "./shared-reporting.ts";

const poll = { table: "orders", after: "0", rows: 1, durationMs: 1 };
const failure = { activity: "stream", name: "orders", error: new Error("gone"), retryInMs: 50 };
const stall = {
  table: "orders",
  prev: "1",
  next: "3",
  state: "stalled",
  reason: "missing_ids",
  waitedMs: 5000,
  message: "the stream waits",
} as const;

let shared: SharedReporting;
let told: string[];

beforeEach(() => {
  shared = new SharedReporting();
  told = [];
});

const logger = (name: string): { warn(message: string): void } => ({
  warn: (message) => void told.push(`${name}: ${message}`),
});

const observer = (name: string, ...functions: (keyof Observer)[]): Observer =>
  Object.fromEntries(functions.map((key) => [key, () => void told.push(`${name}: ${key}`)]));

describe("a report", () => {
  // Catches counts of polls and events that are higher the more objects of a table there are.
  test("comes once to each observer, whoever names it", () => {
    const [first, second] = [observer("first", "poll"), observer("second", "poll")];
    for (const observers of [[first], [first, second], [second]]) shared.join(new Reporting(observers));
    shared.tell("poll", poll);
    expect(told).toEqual(["first: poll", "second: poll"]);
  });

  test("is wanted while one wants it who has joined and not left", () => {
    const reporting = new Reporting([observer("first", "poll")]);
    const leave = [shared.join(reporting), shared.join(reporting)];
    expect([shared.wants("poll"), shared.wants("page")]).toEqual([true, false]);
    leave[0]?.();
    leave[0]?.();
    expect(shared.wants("poll")).toBe(true);
    leave[1]?.();
    expect(shared.wants("poll")).toBe(false);
    shared.tell("poll", poll);
    expect(told).toEqual([]);
  });

  test("reaches the others when an observer throws, which its own logger is told", () => {
    const failing: Observer = {
      poll: () => {
        throw new Error("broken");
      },
    };
    shared.join(new Reporting([failing], logger("log")));
    shared.join(new Reporting([observer("sound", "poll")], logger("other log")));
    shared.tell("poll", poll);
    expect(told).toEqual([expect.stringMatching(/^log: .*broken/), "sound: poll"]);
  });
});

describe.each([
  { what: "an error", name: "error", report: () => shared.error(failure) },
  { what: "a stall", name: "stall", report: () => shared.stall(stall) },
] as const)("$what", ({ name, report }) => {
  // Catches one that is printed as often as there are tables in the program.
  test("that no observer takes is a warning, once for each logger", () => {
    const [log, other] = [logger("log"), logger("other log")];
    for (const one of [log, log, other]) shared.join(new Reporting([], one));
    report();
    expect(told).toEqual([expect.stringMatching(/^log: /), expect.stringMatching(/^other log: /)]);
  });

  test("comes to the observer of one, and to the logger of another that has none", () => {
    shared.join(new Reporting([observer("first", name)], logger("unused log")));
    shared.join(new Reporting([observer("second", "poll")], logger("log")));
    report();
    expect(told).toEqual([`first: ${name}`, expect.stringMatching(/^log: /)]);
  });
});

// Catches a run's observer and logger, lent to its table, that are told only what that table does by itself.
test("reports and warnings come to whom a run has lent to its table, as long as it has", () => {
  const reporting = new Reporting([]);
  shared.join(reporting);
  const [log, lent] = [logger("log"), observer("lent", "poll")];
  const giveBack = [reporting.lend({ observer: lent, logger: log }), new Reporting([]).lend({ observer: lent })];
  shared.join(new Reporting([lent], log));
  expect(shared.wants("poll")).toBe(true);
  shared.tell("poll", poll);
  shared.error(failure);
  expect(told).toEqual(["lent: poll", expect.stringMatching(/^log: /)]);
  for (const each of giveBack) each();
});

test("a warning comes once to each logger", () => {
  const log = logger("log");
  for (const one of [log, log]) shared.join(new Reporting([], one));
  shared.warn("the pool is small", {});
  expect(told).toEqual(["log: the pool is small"]);
});
