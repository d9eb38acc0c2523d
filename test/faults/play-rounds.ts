import { findServer, howToInstall, type ServerVendor, vendorNames } from "../../src/testing/servers/find-server.ts";
import { inLanes } from "../../tools/mutants/lanes.ts";
import type { FaultArguments } from "./arguments.ts";
import { addResults, type ScenarioResult } from "./counting/result.ts";
import { resultLine } from "./counting/result-line.ts";
import type { Scenario } from "./scenario.ts";
import { type PlayOptions, playScenario, skippedScenario } from "./stage/play-scenario.ts";

// Most of the time of a scenario is spent waiting, for a server to start, a fault to be confirmed or a cursor to be written.
const LANES = 4;
const MS_A_MINUTE = 60_000;

export interface Rounds extends Pick<FaultArguments, "seed" | "minutes" | "servers"> {
  readonly scenarios: readonly Scenario[];
  /** The URL of the built library. */
  readonly library: string;
  /** Where the processes write down what they do. */
  readonly folder: string;
  /** Called with a line for each result. */
  readonly print: (line: string) => void;
}

interface Turn {
  readonly scenario: Scenario;
  readonly options: PlayOptions;
}

/**
 * Plays every scenario on every server, some at a time; once, or round after round until the time is up. Resolves with a
 * result for each of the pairs.
 */
export async function playRounds({
  seed,
  minutes,
  servers,
  scenarios,
  print,
  ...places
}: Rounds): Promise<ScenarioResult[]> {
  const endAt = performance.now() + minutes * MS_A_MINUTE;
  const sums = new Map<string, ScenarioResult>();
  for (let round = 0; round === 0 || performance.now() < endAt; round++) {
    const turns = scenarios.flatMap((scenario) =>
      servers.map(
        (vendor): Turn => ({ scenario, options: { ...places, vendor, seed: seed + round, long: minutes > 0 } }),
      ),
    );
    await inLanes(LANES, turns, async (turn) => {
      if (round > 0 && performance.now() >= endAt) return;
      const result = await playTurn(turn);
      print(resultLine(result));
      const pair = `${result.scenario} ${result.server}`;
      const before = sums.get(pair);
      sums.set(pair, before === undefined ? result : addResults(before, result));
    });
  }
  const results = [...sums.values()];
  const again = results.some(({ rounds }) => rounds > 1);
  if (again) print(["", "All rounds:", ...results.map(resultLine)].join("\n"));
  return results;
}

async function playTurn({ scenario, options }: Turn): Promise<ScenarioResult> {
  const reason = (await missingServer(options.vendor)) ?? (await scenario.missing?.(options.vendor));
  if (reason !== undefined) return skippedScenario(scenario, options, reason);
  return playScenario(scenario, options);
}

/** Why there is no server of the vendor; undefined if there is one. In CI one that is missing is a failure. */
async function missingServer(vendor: ServerVendor): Promise<string | undefined> {
  if (process.env["CI"] || (await findServer(vendor)) !== undefined) return undefined;
  return `no ${vendorNames[vendor]} server on this machine. ${howToInstall(vendor)}`;
}
