import { type ServerVendor, vendorNames } from "../../src/testing/servers/find-server.ts";
import type { BenchCase, BenchRow } from "../bench-case.ts";
import type { BenchResult } from "../bench-result.ts";

/** A case that was measured, with what was found on each server. */
export interface CaseResults {
  readonly bench: BenchCase;
  readonly byVendor: Partial<Record<ServerVendor, BenchResult>>;
  /** The rows that any server has, in their order. */
  readonly rowNames: readonly string[];
}

export const vendors = Object.keys(vendorNames) as readonly ServerVendor[];

/** The results of each case, in the order of the cases. One that was measured nowhere is left out. */
export function groupResults(results: readonly BenchResult[], cases: readonly BenchCase[]): readonly CaseResults[] {
  return cases.flatMap((bench) => {
    const own = results.filter((result) => result.case === bench.name);
    if (own.length === 0) return [];
    const byVendor = Object.fromEntries(own.map((result) => [result.vendor, result])) as CaseResults["byVendor"];
    const names = vendors.flatMap((vendor) => byVendor[vendor]?.rows.map(({ name }) => name) ?? []);
    return [{ bench, byVendor, rowNames: [...new Set(names)] }];
  });
}

export function rowOf({ byVendor }: CaseResults, vendor: ServerVendor, name: string): BenchRow | undefined {
  return byVendor[vendor]?.rows.find((row) => row.name === name);
}

/** "MariaDB 10.11.6": what a server tells of its package is of no use to a reader. */
export function serverName({ vendor, version }: Pick<BenchResult, "vendor" | "version">): string {
  return `${vendorNames[vendor]} ${version.replace(/-.*$/, "")}`;
}
