import type { NamedTest } from "../../test/mutants/mutant.ts";
import { isOf, serverOf, type TestResult } from "./named-tests.ts";

/** What the tests of a mutant say of it. */
export type Verdict = { readonly killed: true } | { readonly killed: false; readonly why: string };

/** Why these tests can't judge a mutant: each must have run, and be green, without it. Undefined if they can. */
export function unfit(tests: readonly NamedTest[], withoutIt: readonly TestResult[]): string | undefined {
  const missing = notRun(tests, withoutIt);
  if (missing !== undefined) return missing;
  const red = tests.find((named) => withoutIt.some((result) => isOf(named, result) && result.status === "failed"));
  return red === undefined ? undefined : `"${red.title}" is red without it`;
}

/** A mutant is killed if each test ran, and one of them turned red on each server. */
export function judge(tests: readonly NamedTest[], withIt: readonly TestResult[]): Verdict {
  const missing = notRun(tests, withIt);
  if (missing !== undefined) return { killed: false, why: missing };
  const red = withIt.filter(({ status }) => status === "failed");
  // A replacement that does not fit its place would turn any test red.
  const misfit = red.map(whyRed).find((why) => why.startsWith("ReferenceError"));
  if (misfit !== undefined) return { killed: false, why: `it does not run: ${misfit}` };
  const servers = new Set(withIt.map(serverOf));
  const survived = [...servers].filter((server) => !red.some((result) => serverOf(result) === server));
  return survived.length === 0 ? { killed: true } : { killed: false, why: `SURVIVED on ${survived.join(", ")}` };
}

/** The first line of what a red test says. */
export function whyRed({ failureMessages: [message = ""] }: TestResult): string {
  // What vitest says of a test that ran out of time.
  return message.includes("STACK_TRACE_ERROR") ? "it ran out of time" : (message.split("\n")[0] ?? "");
}

function notRun(tests: readonly NamedTest[], results: readonly TestResult[]): string | undefined {
  const missing = tests.find((named) => !results.some((result) => isOf(named, result)));
  return missing === undefined ? undefined : `"${missing.title}" did not run`;
}
