import { createPool } from "mysql2/promise";
import { findServer, howToInstall, type ServerVendor, vendorNames } from "../src/testing/servers/find-server.ts";
import { type PrivateServer, startPrivateServer } from "../src/testing/servers/private-server.ts";
import type { BenchCase } from "./bench-case.ts";
import type { BenchResult } from "./bench-result.ts";
import { machine } from "./machine.ts";
import type { Printer } from "./print-rows.ts";

interface RunOptions {
  readonly vendors: readonly ServerVendor[];
  readonly quick: boolean;
  readonly print: Printer;
  /** Told each result at once, before the next case. */
  readonly onResult: (result: BenchResult) => Promise<void>;
}

// The tables of a bench fit into memory, as a service's recent events do.
const FLAGS = ["--innodb-buffer-pool-size=2G"];

/** Runs each case on a private server of each vendor. A case that fails does not keep the others from running. */
export async function runCases(cases: readonly BenchCase[], options: RunOptions): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const vendor of options.vendors) {
    const server = await startPrivateServer({ vendor, flags: FLAGS });
    try {
      const url = await createDatabase(server);
      for (const bench of cases) {
        const result = await runCase(bench, { server, url, options });
        results.push(result);
        await options.onResult(result);
      }
    } finally {
      await server.stop();
    }
  }
  return results;
}

/** What is missing to run on servers of these vendors, if anything is. */
export async function missingServer(vendors: readonly ServerVendor[]): Promise<string | undefined> {
  for (const vendor of vendors) {
    if ((await findServer(vendor)) === undefined) {
      return `no ${vendorNames[vendor]} server to measure on. ${howToInstall(vendor)}`;
    }
  }
  return undefined;
}

interface CaseScene {
  readonly server: PrivateServer;
  readonly url: string;
  readonly options: RunOptions;
}

async function runCase(bench: BenchCase, { server, url, options }: CaseScene): Promise<BenchResult> {
  const { vendor, version } = server;
  const { quick, print } = options;
  const facts = { case: bench.name, vendor, version, measuredAt: new Date().toISOString(), ...machine() };
  print.line(`\n${bench.title}, ${vendorNames[vendor]} ${version}`);
  try {
    const rows = await bench.run({
      server,
      url,
      quick,
      startServer: (more = {}) => startPrivateServer({ ...more, vendor, flags: [...FLAGS, ...(more.flags ?? [])] }),
      progress: (line) => print.line(`  ${line}`),
    });
    if (rows.length === 0) throw new Error("it measured nothing");
    print.rows(rows);
    return { ...facts, rows };
  } catch (error) {
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    print.problem(`${bench.name} on ${vendorNames[vendor]} failed: ${failure}`);
    return { ...facts, rows: [], failure };
  }
}

/** Makes the database `bench` on a server that has none, and gives its url. */
export async function createDatabase(server: PrivateServer): Promise<string> {
  const setUp = createPool(server.url);
  await setUp.query("create database bench");
  await setUp.end();
  return server.url.replace("/?", "/bench?");
}
