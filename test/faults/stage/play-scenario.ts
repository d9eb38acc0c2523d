import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { randomNumbers } from "../../support/random/random-numbers.mjs";
import { type Counts, countHistory } from "../counting/count-history.ts";
import { type Held, type ScenarioResult, timesLeast } from "../counting/result.ts";
import type { Scenario } from "../scenario.ts";
import { Stage, type StageOptions } from "./stage.ts";

export interface PlayOptions extends Omit<StageOptions, "random" | "times"> {
  /** How long to wait for the last deliveries, in ms. @defaultValue 60 000 */
  readonly lastDeliveriesMs?: number;
}

const LAST_DELIVERIES_MS = 60_000;

/** Plays a scenario once, and counts. Whatever happens in it becomes part of the result. */
export async function playScenario(scenario: Scenario, options: PlayOptions): Promise<ScenarioResult> {
  const startedAt = performance.now();
  const folder = await mkdtemp(join(options.folder, `${scenario.name}-`));
  const stage = new Stage({
    ...options,
    folder,
    times: timesOf(scenario, options),
    random: randomNumbers(options.seed),
  });
  try {
    const outcome = await playOn(stage, scenario, options.lastDeliveriesMs ?? LAST_DELIVERIES_MS);
    return {
      ...factsOf(scenario, options),
      ...outcome,
      consumers: stage.consumers.length,
      faults: stage.faults,
      seconds: (performance.now() - startedAt) / 1000,
    };
  } finally {
    await stage.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The result of a scenario that can't be played here. */
export function skippedScenario(scenario: Scenario, options: PlayOptions, reason: string): ScenarioResult {
  const counts = nothingCounted();
  return { ...factsOf(scenario, options), counts, skipped: reason, failure: undefined, held: undefined, seconds: 0 };
}

type Facts = Omit<ScenarioResult, "counts" | "failure" | "held" | "seconds">;

function timesOf({ timesInLong = 1 }: Scenario, { long }: PlayOptions): number {
  return long ? timesInLong : 1;
}

function factsOf(scenario: Scenario, options: PlayOptions): Facts {
  return {
    scenario: scenario.name,
    server: options.vendor,
    seed: options.seed,
    least: timesLeast(scenario.least, timesOf(scenario, options)),
    mustHold: scenario.holds === "must",
    rounds: 1,
    consumers: 0,
    faults: {},
    skipped: undefined,
  };
}

interface Outcome {
  readonly counts: Counts;
  readonly held: Held | undefined;
  readonly failure: string | undefined;
}

async function playOn(stage: Stage, scenario: Scenario, lastDeliveriesMs: number): Promise<Outcome> {
  const failures: string[] = [];
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      failures.push(String(error));
    }
  };
  await attempt(() => scenario.play(stage));
  // What could not be played to its end is counted all the same, but nobody waits for what it has not delivered.
  await attempt(() => endInOrder(stage, failures.length === 0 ? lastDeliveriesMs : 0));
  let counts = nothingCounted();
  await attempt(async () => {
    const rows = stage.pool === undefined ? [] : await stage.rows(stage.pool);
    counts = countHistory(stage.history(rows, scenario.removed ?? "none"));
  });
  return { counts, held: stage.held, failure: failures.length === 0 ? undefined : failures.join("; ") };
}

async function endInOrder(stage: Stage, lastDeliveriesMs: number): Promise<void> {
  await stage.stopWriters();
  // What is not delivered by then counts as lost.
  await stage.reaches("all events delivered", () => stage.isAllDelivered(), lastDeliveriesMs);
  await Promise.all(stage.consumers.map((consumer) => consumer.stop()));
}

function nothingCounted(): Counts {
  return countHistory({ acknowledged: [], unknown: new Set(), consumers: [], rows: [], removed: "none" });
}
