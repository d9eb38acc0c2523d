import { vendorNames } from "../../../src/testing/servers/find-server.ts";
import { problemsOf, type ScenarioResult } from "./result.ts";

const NAME_WIDTH = 26;

/** A result in one line: its counts, the least numbers beside what was reached, and the verdict. */
export function resultLine(result: ScenarioResult): string {
  const { scenario, server, counts, faults, least, held, seed, seconds, rounds } = result;
  const name = `${scenario} `.padEnd(NAME_WIDTH) + vendorNames[server].padEnd(8);
  if (result.skipped !== undefined) return `${name} skipped: ${result.skipped}`;
  const done = Object.entries({ ...least.faults, ...faults }).map(
    ([kind]) => `${kind} ${faults[kind] ?? 0}/${least.faults[kind] ?? 0}`,
  );
  const facts = [
    `acknowledged ${counts.acknowledged}/${least.events}`,
    `delivered ${counts.delivered} to ${result.consumers}`,
    `again ${counts.again}`,
    `lost ${counts.lost}`,
    `phantom ${counts.phantom}`,
    `out of order ${counts.outOfOrder}`,
    `silence ${Math.round(counts.longestSilenceMs)} ms`,
    ...(held === undefined ? [] : [`held: ${held}`]),
    `faults ${done.join(", ")}`,
    ...(rounds > 1 ? [`${rounds} rounds`] : [`seed ${seed}`]),
    `${seconds.toFixed(1)} s`,
  ];
  const problems = problemsOf(result);
  const verdict = problems.length === 0 ? "good" : `BAD: ${problems.join("; ")}`;
  return `${name} ${facts.join(", ")}: ${verdict}`;
}
