import type { Mutant, NamedTest } from "../../test/mutants/mutant.ts";
import { mutants } from "../../test/mutants/mutants.ts";
import { inLanes } from "./lanes.ts";
import { isOf, type TestResult } from "./named-tests.ts";
import { runTests } from "./run-tests.ts";
import { judge, unfit, type Verdict, whyRed } from "./verdict.ts";

// Fewer would say that a list has got lost.
const LEAST_MUTANTS = 52;
// Most of the time is spent waiting, for a server to start or a stream to stay silent.
const LANES = 3;
// A mutant that makes a stream hang is to be caught soon, and a slow machine is not to be taken for a mutant.
const SHORTEST_TIMEOUT_MS = 5000;
const LONGEST_TIMEOUT_MS = 30_000;
const TIMES_AS_LONG = 2;
const MOST_TOLD = 6;

interface Attempt {
  readonly verdict: Verdict;
  readonly results: readonly TestResult[];
}

/** Runs the mutants that are named, or all; resolves with the exit code. */
export async function main(parameters: readonly string[]): Promise<number> {
  const short = parameters.includes("--short");
  const names = parameters.filter((parameter) => parameter !== "--short");
  const unknown = names.find((name) => !mutants.some((mutant) => mutant.name === name));
  if (unknown !== undefined) throw new Error(`no mutant has the name ${unknown}`);
  const chosen = mutants.filter(({ name }) => names.length === 0 || names.includes(name));
  const startedAt = performance.now();
  console.log(
    short
      ? `Mutants: ${chosen.length} of ${mutants.length}, in the short form: the first test of each, on MariaDB with mysql2`
      : `Mutants: ${chosen.length} of ${mutants.length}, all their tests, on all servers and drivers`,
  );
  const withoutAny = await runWithoutAny(
    chosen.flatMap((mutant) => testsOf(mutant, short)),
    short,
  );
  const killed = await inLanes(LANES, chosen, async (mutant) => {
    const begunAt = performance.now();
    const attempt = await tryMutant(mutant, withoutAny, short);
    tell(mutant, attempt, secondsSince(begunAt));
    return attempt.verdict.killed;
  });
  const survivors = killed.filter((each) => !each).length;
  const seconds = secondsSince(startedAt);
  console.log(
    `\n${chosen.length} of ${mutants.length} mutants run, ${chosen.length - survivors} killed, ${survivors} survived (${seconds} s)`,
  );
  if (names.length === 0 && chosen.length < LEAST_MUTANTS) {
    console.log(`There were at least ${LEAST_MUTANTS} once: where are the others?`);
    return 1;
  }
  return survivors === 0 ? 0 : 1;
}

function testsOf({ tests }: Mutant, short: boolean): readonly NamedTest[] {
  return short ? [tests[0]] : tests;
}

/** The files in as many runs as there are lanes. */
async function runWithoutAny(tests: readonly NamedTest[], oneServer: boolean): Promise<TestResult[]> {
  const files = [...new Set(tests.map(({ file }) => file))];
  const shares = Array.from({ length: LANES }, (_, lane) => files.filter((_file, index) => index % LANES === lane));
  const results = await inLanes(
    LANES,
    shares.filter((share) => share.length > 0),
    (share) =>
      runTests({
        tests: tests.filter(({ file }) => share.includes(file)),
        timeoutMs: LONGEST_TIMEOUT_MS,
        oneServer,
      }),
  );
  return results.flat();
}

/** Its tests with the mutant in the source, each with some times as long as it took without. */
async function tryMutant(mutant: Mutant, withoutAny: readonly TestResult[], short: boolean): Promise<Attempt> {
  const tests = testsOf(mutant, short);
  const withoutIt = withoutAny.filter((result) => tests.some((named) => isOf(named, result)));
  const problem = unfit(tests, withoutIt);
  if (problem !== undefined) return { verdict: { killed: false, why: problem }, results: [] };
  const longestMs = TIMES_AS_LONG * Math.max(...withoutIt.map(({ duration = 0 }) => duration));
  const timeoutMs = Math.round(Math.min(LONGEST_TIMEOUT_MS, Math.max(SHORTEST_TIMEOUT_MS, longestMs)));
  try {
    const results = await runTests({ tests, mutant: mutant.name, timeoutMs, oneServer: short });
    return { verdict: judge(tests, results), results };
  } catch (error) {
    return { verdict: { killed: false, why: String(error) }, results: [] };
  }
}

function tell({ name, wrong }: Mutant, { verdict, results }: Attempt, seconds: string): void {
  const red = results.filter(({ status }) => status === "failed");
  const word = verdict.killed ? "killed" : verdict.why;
  console.log(`\n${name}: ${word} (${red.length} of ${results.length} tests red, ${seconds} s)\n  ${wrong}`);
  for (const result of red.slice(0, MOST_TOLD)) {
    console.log(`  red: ${result.fullName.trim()}\n       ${whyRed(result)}`);
  }
  if (red.length > MOST_TOLD) console.log(`  and ${red.length - MOST_TOLD} others`);
}

function secondsSince(startedAt: number): string {
  return ((performance.now() - startedAt) / 1000).toFixed(1);
}
