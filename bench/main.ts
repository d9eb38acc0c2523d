import { parseArgs } from "node:util";
import { findServer, vendorNames } from "../src/testing/find-server.ts";
import { startPrivateServer } from "../src/testing/private-server.ts";
import type { BenchCase, BenchResult } from "./bench-case.ts";
import { machine } from "./machine.ts";
import { rollback } from "./rollback.ts";

const cases: readonly BenchCase[] = [rollback];

const { values: flags, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false }, json: { type: "boolean", default: false } },
});
const unknown = names.filter((name) => !cases.some((candidate) => candidate.name === name));
if (unknown.length > 0) {
  console.error(`no case ${unknown.join(", ")}; there are ${cases.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

const print = flags.json ? () => undefined : console.log;
const results: BenchResult[] = [];
print(machine());
if (flags.quick) print("quick: small sizes, so the figures say little");
for (const vendor of ["mariadb", "mysql"] as const) {
  if ((await findServer(vendor)) === undefined) {
    print(`${vendorNames[vendor]}: not measured, no server found (tools/install-servers gets one)`);
    continue;
  }
  const server = await startPrivateServer({ vendor });
  try {
    for (const bench of cases.filter(({ name }) => names.length === 0 || names.includes(name))) {
      print(`\n${bench.title}, ${vendorNames[vendor]} ${server.version}`);
      const result = await bench.run({ server, quick: flags.quick, print });
      results.push({ case: bench.name, vendor, version: server.version, figures: result });
    }
  } finally {
    await server.stop();
  }
}
if (flags.json) console.log(JSON.stringify({ machine: machine(), quick: flags.quick, results }, undefined, 2));
