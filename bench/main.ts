import { parseArgs } from "node:util";
import type { ServerVendor } from "../src/testing/servers/find-server.ts";
import { benchCases } from "./bench-cases.ts";
import { type BenchResult, keyOf } from "./bench-result.ts";
import { keepResult, writeReport } from "./keep-results.ts";
import { describeMachine, machine } from "./machine.ts";
import { printer } from "./print-rows.ts";
import { missingServer, runCases } from "./run-cases.ts";
import { runInProcesses } from "./run-in-processes.ts";

// npm runs its scripts in the package's folder.
const DOCS = "docs";

const { values: flags, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    server: { type: "string" },
    report: { type: "boolean", default: false },
  },
});
const unknown = names.filter((name) => !benchCases.some((candidate) => candidate.name === name));
if (unknown.length > 0) {
  console.error(`no case ${unknown.join(", ")}; there are:`);
  for (const { name, title } of benchCases) console.error(`  ${name.padEnd(20)} ${title}`);
  process.exit(2);
}
if (flags.server !== undefined && flags.server !== "mariadb" && flags.server !== "mysql") {
  console.error(`--server is mariadb or mysql, found ${flags.server}`);
  process.exit(2);
}

const print = printer(flags.json);
if (flags.report) {
  await writeReport(DOCS, benchCases);
  print.line("docs/benchmarks.md and its charts are drawn from docs/benchmarks.json");
  process.exit(0);
}

const { load, ...facts } = machine();
print.line(`${describeMachine(facts)}, load ${load}`);
if (flags.quick) print.line("quick: small sizes, so the figures say little and are not kept");
const wanted = benchCases.filter(({ name }) => names.length === 0 || names.includes(name));
const vendors: readonly ServerVendor[] = flags.server === undefined ? ["mariadb", "mysql"] : [flags.server];
const missing = await missingServer(vendors);
if (missing !== undefined) {
  console.error(missing);
  process.exit(2);
}
const onResult = async (result: BenchResult): Promise<void> => {
  if (!flags.quick) await keepResult(DOCS, result);
};
// Small sizes leave little behind, and are to be over soon.
const together = flags.quick || wanted.length * vendors.length === 1;
const results = together
  ? await runCases(wanted, { vendors, quick: flags.quick, print, onResult })
  : await runInProcesses(wanted, { vendors, print });
if (!flags.quick) {
  await writeReport(DOCS, benchCases);
  print.line("\nkept in docs/benchmarks.json, drawn in docs/benchmarks.md");
}
if (flags.json) console.log(JSON.stringify({ quick: flags.quick, results }, undefined, 2));
const failed = results.filter(({ failure }) => failure !== undefined);
for (const result of failed)
  print.problem(`failed: ${keyOf(result)}${flags.quick ? "" : "; what was kept of it stays"}`);
process.exitCode = failed.length === 0 ? 0 : 1;
