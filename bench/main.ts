import { parseArgs } from "node:util";
import type { ServerVendor } from "../src/testing/find-server.ts";
import { benchCases } from "./bench-cases.ts";
import { machine } from "./machine.ts";
import { printer } from "./print-rows.ts";
import { runCases } from "./run-cases.ts";

const { values: flags, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    server: { type: "string" },
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
print.line(machine());
if (flags.quick) print.line("quick: small sizes, so the figures say little and are not kept");
const wanted = benchCases.filter(({ name }) => names.length === 0 || names.includes(name));
const vendors: readonly ServerVendor[] = flags.server === undefined ? ["mariadb", "mysql"] : [flags.server];
const results = await runCases(wanted, { vendors, quick: flags.quick, print });
if (flags.json) console.log(JSON.stringify({ quick: flags.quick, results }, undefined, 2));
process.exitCode = results.every(({ failure }) => failure === undefined) ? 0 : 1;
