import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findServer, howToInstall, type ServerVendor, vendorNames } from "../../src/testing/servers/find-server.ts";
import { buildLibrary } from "../support/package/built-library.ts";
import { soakServer } from "./soak-server.ts";

const help = `npm run test:soak -- [options]

  --minutes N    how long, on each server at the same time (60)
  --server NAME  mariadb or mysql only
  --seed N       random numbers by this seed
  --help`;

const vendors: readonly ServerVendor[] = ["mariadb", "mysql"];

/** Reads and writes for so long; resolves with the exit code: 1 if an event was lost or came in a wrong order. */
export async function main(parameters: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      minutes: { type: "string", default: "60" },
      server: { type: "string", multiple: true, default: [...vendors] },
      seed: { type: "string", default: String(randomInt(1_000_000)) },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
  if (!(minutes > 0) || !Number.isSafeInteger(seed)) throw new RangeError("--minutes and --seed take a number");
  const wanted = vendors.filter((vendor) => values.server.includes(vendor));
  if (wanted.length === 0)
    throw new RangeError(`--server takes ${vendors.join(" or ")}, found ${values.server.join()}`);
  const folder = mkdtempSync(join(tmpdir(), "rsql-soak-"));
  // However it ends: the servers and programs end with this process by themselves.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));
  const { url: library } = await buildLibrary(folder);
  console.log(`Soak: ${minutes} minutes, seed ${seed}`);
  const problems = await Promise.all(
    wanted.map(async (vendor) => {
      if ((await findServer(vendor)) === undefined) return [`${vendorNames[vendor]}: ${howToInstall(vendor)}`];
      const found = await soakServer({ vendor, minutes, seed, library, folder, print: console.log });
      return found.map((problem) => `${vendorNames[vendor]}, ${problem}`);
    }),
  );
  for (const problem of problems.flat()) console.log(problem);
  console.log(problems.flat().length === 0 ? "Soak: nothing lost, all in order" : "Soak: BAD");
  return problems.flat().length === 0 ? 0 : 1;
}
