import { createPool } from "mysql2/promise";
import { findServer, howToInstall, type ServerVendor, vendorNames } from "../src/testing/find-server.ts";
import { type PrivateServer, startPrivateServer } from "../src/testing/private-server.ts";
import type { BenchCase, BenchRow } from "./bench-case.ts";
import { machine } from "./machine.ts";
import type { Printer } from "./print-rows.ts";

/** What one case measured on one server. */
export interface BenchResult {
  readonly case: string;
  readonly vendor: ServerVendor;
  readonly version: string;
  readonly machine: string;
  readonly measuredAt: string;
  readonly rows: readonly BenchRow[];
  /** Why the case did not end; its rows are missing then. */
  readonly failure?: string;
}

interface RunOptions {
  readonly vendors: readonly ServerVendor[];
  readonly quick: boolean;
  readonly print: Printer;
}

// The tables of a bench fit into memory, as a service's recent events do.
const FLAGS = ["--innodb-buffer-pool-size=2G"];

/** Runs each case on a private server of each vendor. A case that fails does not keep the others from running. */
export async function runCases(cases: readonly BenchCase[], options: RunOptions): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const vendor of options.vendors) {
    if ((await findServer(vendor)) === undefined) {
      throw new Error(`no ${vendorNames[vendor]} server to measure on. ${howToInstall(vendor)}`);
    }
    const server = await startPrivateServer({ vendor, flags: FLAGS });
    try {
      const url = await createDatabase(server);
      for (const bench of cases) results.push(await runCase(bench, { server, url, options }));
    } finally {
      await server.stop();
    }
  }
  return results;
}

interface CaseScene {
  readonly server: PrivateServer;
  readonly url: string;
  readonly options: RunOptions;
}

async function runCase(bench: BenchCase, { server, url, options }: CaseScene): Promise<BenchResult> {
  const { vendor, version } = server;
  const { quick, print } = options;
  const facts = { case: bench.name, vendor, version, machine: machine(), measuredAt: new Date().toISOString() };
  print.line(`\n${bench.title}, ${vendorNames[vendor]} ${version}`);
  try {
    const rows = await bench.run({
      server,
      url,
      quick,
      startServer: (more = {}) => startPrivateServer({ ...more, vendor, flags: [...FLAGS, ...(more.flags ?? [])] }),
      progress: (line) => print.line(`  ${line}`),
    });
    print.rows(rows);
    return { ...facts, rows };
  } catch (error) {
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    print.problem(`${bench.name} on ${vendorNames[vendor]} failed: ${failure}`);
    return { ...facts, rows: [], failure };
  }
}

export async function createDatabase(server: PrivateServer): Promise<string> {
  const setUp = createPool(server.url);
  await setUp.query("create database bench");
  await setUp.end();
  return server.url.replace("/?", "/bench?");
}
