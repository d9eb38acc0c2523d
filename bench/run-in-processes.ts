import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { type ServerVendor, vendorNames } from "../src/testing/servers/find-server.ts";
import type { BenchCase } from "./bench-case.ts";
import type { BenchResult } from "./bench-result.ts";
import { machine } from "./machine.ts";
import type { Printer } from "./print-rows.ts";

const MAIN = fileURLToPath(new URL("main.js", import.meta.url));

interface RunOptions {
  readonly vendors: readonly ServerVendor[];
  readonly print: Printer;
}

/**
 * Runs each case on each server in a process of its own, which keeps its result: what collections of garbage cost depends
 * on the heap that other cases would leave behind.
 */
export async function runInProcesses(cases: readonly BenchCase[], options: RunOptions): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const vendor of options.vendors) {
    for (const { name, title } of cases) {
      options.print.line(`\n${title}, ${vendorNames[vendor]}`);
      const found = await runOne(name, vendor);
      for (const { rows } of found) if (rows.length > 0) options.print.rows(rows);
      results.push(...found);
    }
  }
  return results;
}

async function runOne(name: string, vendor: ServerVendor): Promise<readonly BenchResult[]> {
  const child = spawn(process.execPath, [MAIN, name, "--server", vendor, "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const output = await text(child.stdout);
  try {
    return (JSON.parse(output) as { results: readonly BenchResult[] }).results;
  } catch {
    const failure = "its process ended without a result";
    return [{ case: name, vendor, version: "", measuredAt: new Date().toISOString(), ...machine(), rows: [], failure }];
  }
}
