import type { PrivateServer } from "../src/testing/private-server.ts";

export interface BenchContext {
  readonly server: PrivateServer;
  /** Small sizes: to see that it runs, not how fast. */
  readonly quick: boolean;
  readonly print: (line: string) => void;
}

/** Figures by name; units are in the names. */
export type Figures = Readonly<Record<string, number>>;

export interface BenchCase {
  readonly name: string;
  readonly title: string;
  run(context: BenchContext): Promise<readonly Figures[]>;
}

export interface BenchResult {
  readonly case: string;
  readonly vendor: string;
  readonly version: string;
  readonly figures: readonly Figures[];
}
