import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildLibrary } from "../support/package/built-library.ts";
import { parseSilenceArguments, type SilenceArguments, silenceHelp } from "./arguments.ts";
import { resultLine, resultTable } from "./judging/result-table.ts";
import { problemsOf, type WayResult } from "./judging/way-result.ts";
import { playWay } from "./play-way.ts";
import { ways } from "./ways.ts";

/** Tries the ways that are asked for; resolves with the exit code. */
export async function main(parameters: readonly string[]): Promise<number> {
  const args = parseSilenceArguments(parameters);
  if (args.help) {
    console.log([silenceHelp, "", "Ways:", ...ways.map(({ name, about }) => `  ${name}: ${about}`)].join("\n"));
    return 0;
  }
  const startedAt = performance.now();
  const print = args.json ? console.error : console.log;
  print(`Silence: seed ${args.seed}, ${args.tries} tries of each way on each server`);
  const results = await play(args, print);
  if (args.json) console.log(JSON.stringify({ seed: args.seed, results }, undefined, 2));
  print(["", resultTable(results), ""].join("\n"));
  for (const { way, server, verdicts } of results) {
    const wrong = new Set(verdicts.flatMap((verdict) => (verdict.void ? [] : verdict.wrong.slice(0, 1))));
    for (const message of [...wrong].slice(0, 2)) print(`${way} on ${server}, wrong cause: ${message}`);
  }
  const bad = results.filter((result) => problemsOf(result).length > 0).length;
  const skipped = results.filter((result) => result.skipped !== undefined).length;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  const good = results.length - bad - skipped;
  print(`Silence: ${good} good, ${bad} bad, ${skipped} skipped (seed ${args.seed}, ${seconds} s)`);
  return bad === 0 ? 0 : 1;
}

/** One way after another: a machine that is busy with others would delay what is measured. */
async function play(args: SilenceArguments, print: (line: string) => void): Promise<WayResult[]> {
  const unknown = args.ways.find((wanted) => !ways.some(({ name }) => name === wanted));
  if (unknown !== undefined) throw new RangeError(`no way has the name ${unknown}; --help shows what there is`);
  const folder = mkdtempSync(join(tmpdir(), "rsql-silence-"));
  // However it ends: the servers and programs end with this process by themselves.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));
  const { url } = await buildLibrary(folder, process.env["RSQL_MUTANT"]);
  const { seed, tries } = args;
  const results: WayResult[] = [];
  for (const way of ways.filter(({ name }) => args.ways.length === 0 || args.ways.includes(name))) {
    for (const vendor of args.servers) {
      const result = await playWay(way, { vendor, seed, tries, folder, library: url, short: false });
      results.push(result);
      print(resultLine(result));
    }
  }
  return results;
}
