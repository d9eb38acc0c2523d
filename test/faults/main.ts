import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildLibrary } from "../support/package/built-library.ts";
import { type FaultArguments, faultHelp, parseFaultArguments } from "./arguments.ts";
import { problemsOf, type ScenarioResult } from "./counting/result.ts";
import { playRounds } from "./play-rounds.ts";
import { scenarios } from "./scenarios.ts";

/** Plays the scenarios that are asked for; resolves with the exit code. */
export async function main(parameters: readonly string[]): Promise<number> {
  const args = parseFaultArguments(parameters);
  if (args.help) {
    console.log([faultHelp, "", "Scenarios:", ...scenarios.map(({ name, about }) => `  ${name}: ${about}`)].join("\n"));
    return 0;
  }
  const startedAt = performance.now();
  const print = args.json ? console.error : console.log;
  print(`Faults: seed ${args.seed}`);
  const results = await play(args, print);
  const bad = results.filter((result) => problemsOf(result).length > 0);
  if (args.json) console.log(JSON.stringify({ seed: args.seed, results }, undefined, 2));
  for (const { counts, scenario, server } of bad) {
    for (const example of counts.examples) print(`${scenario} on ${server}, ${example}`);
  }
  const skipped = results.filter((result) => result.skipped !== undefined).length;
  const good = results.length - bad.length - skipped;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  print(`Faults: ${good} good, ${bad.length} bad, ${skipped} skipped (seed ${args.seed}, ${seconds} s)`);
  return bad.length === 0 ? 0 : 1;
}

async function play(args: FaultArguments, print: (line: string) => void): Promise<ScenarioResult[]> {
  const unknown = args.scenarios.find((wanted) => !scenarios.some(({ name }) => name === wanted));
  if (unknown !== undefined) throw new RangeError(`no scenario has the name ${unknown}; --help shows what there is`);
  const chosen = scenarios.filter(({ name }) => args.scenarios.length === 0 || args.scenarios.includes(name));
  const folder = mkdtempSync(join(tmpdir(), "rsql-faults-"));
  // However it ends: the servers and programs end with this process by themselves.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));
  const { url } = await buildLibrary(folder, process.env["RSQL_MUTANT"]);
  return playRounds({ ...args, folder, print, scenarios: chosen, library: url });
}
