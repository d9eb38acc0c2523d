import type { ServerVendor } from "../src/testing/servers/find-server.ts";
import type { BenchRow } from "./bench-case.ts";
import type { Machine } from "./machine.ts";

/** What one case measured on one server. */
export interface BenchResult extends Machine {
  readonly case: string;
  readonly vendor: ServerVendor;
  /** The server's. */
  readonly version: string;
  readonly measuredAt: string;
  readonly rows: readonly BenchRow[];
  /** Why the case did not end; its rows are missing then. */
  readonly failure?: string;
}

/** A case on a server, for a message. */
export function keyOf({ case: name, vendor }: Pick<BenchResult, "case" | "vendor">): string {
  return `${name} on ${vendor}`;
}

/** The results with one that is new, in an order of their own. One that failed takes no other's place. */
export function withResult(kept: readonly BenchResult[], result: BenchResult): readonly BenchResult[] {
  if (result.failure !== undefined) return kept;
  const others = kept.filter((other) => keyOf(other) !== keyOf(result));
  return [...others, result].toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}
