import type { ServerVendor } from "../../../src/testing/servers/find-server.ts";
import type { Counts } from "./count-history.ts";

/** How many events must have been acknowledged, and how many faults of each kind done, for a run to count. */
export interface LeastNumbers {
  readonly events: number;
  readonly faults: Readonly<Record<string, number>>;
}

/**
 * Whether consumers held that were on another history: "went on" if one delivered of the new one before a person had set it
 * back, "not needed" if it could go on rightly.
 */
export type Held = "not needed" | "yes" | "no" | "went on";

/** What came of one scenario on one server. */
export interface ScenarioResult {
  readonly scenario: string;
  readonly server: ServerVendor;
  readonly seed: number;
  /** How often it was played. */
  readonly rounds: number;
  readonly consumers: number;
  readonly counts: Counts;
  readonly faults: Readonly<Record<string, number>>;
  readonly least: LeastNumbers;
  /** Undefined where no consumer had a reason to hold. */
  readonly held: Held | undefined;
  /** Whether consumers had to hold. */
  readonly mustHold: boolean;
  /** Why it could not be played to its end. */
  readonly failure: string | undefined;
  /** Why it was not played at all. */
  readonly skipped: string | undefined;
  readonly seconds: number;
}

/** What is wrong with a result, each in a sentence; empty if nothing is. */
export function problemsOf(result: ScenarioResult): string[] {
  if (result.skipped !== undefined) return [];
  const { counts, faults, least, held, mustHold, failure } = result;
  const problems = failure === undefined ? [] : [failure];
  if (counts.lost > 0) problems.push(`${counts.lost} lost`);
  if (counts.phantom > 0) problems.push(`${counts.phantom} phantom`);
  if (counts.outOfOrder > 0) problems.push(`${counts.outOfOrder} out of order`);
  if (held === "went on") problems.push("a consumer went on by itself on another history");
  if (mustHold && (held === "no" || held === undefined))
    problems.push("a consumer did not hold, though it was on another history");
  if (counts.acknowledged < least.events)
    problems.push(`only ${counts.acknowledged} events, ${least.events} make it count`);
  for (const [kind, number] of Object.entries(least.faults)) {
    const done = faults[kind] ?? 0;
    if (done < number) problems.push(`only ${done} of the fault "${kind}", ${number} make it count`);
  }
  return problems;
}

/** The results of two rounds of a scenario on a server as one. */
export function addResults(one: ScenarioResult, other: ScenarioResult): ScenarioResult {
  const [a, b] = [one.counts, other.counts];
  return {
    ...one,
    rounds: one.rounds + other.rounds,
    counts: {
      acknowledged: a.acknowledged + b.acknowledged,
      delivered: a.delivered + b.delivered,
      again: a.again + b.again,
      lost: a.lost + b.lost,
      phantom: a.phantom + b.phantom,
      outOfOrder: a.outOfOrder + b.outOfOrder,
      longestSilenceMs: Math.max(a.longestSilenceMs, b.longestSilenceMs),
      examples: [...a.examples, ...b.examples],
    },
    faults: addNumbers(one.faults, other.faults),
    least: { events: one.least.events + other.least.events, faults: addNumbers(one.least.faults, other.least.faults) },
    held: worstHeld(one.held, other.held),
    failure: one.failure ?? other.failure,
    seconds: one.seconds + other.seconds,
  };
}

/** The least numbers of so many times as much. */
export function timesLeast({ events, faults }: LeastNumbers, times: number): LeastNumbers {
  const each = Object.entries(faults).map(([kind, number]) => [kind, number * times] as const);
  return { events: events * times, faults: Object.fromEntries(each) };
}

function addNumbers(
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Record<string, number> {
  const kinds = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...kinds].map((kind) => [kind, (one[kind] ?? 0) + (other[kind] ?? 0)]));
}

/** The worse of the two. */
export function worstHeld(one: Held | undefined, other: Held | undefined): Held | undefined {
  return (["went on", "no", "yes", "not needed"] as const).find((held) => held === one || held === other);
}
