import type { PrivateServer, PrivateServerOptions } from "../src/testing/servers/private-server.ts";

/** What a case is given to run with. */
export interface BenchContext {
  /** The case's server, with an empty database `bench`. Shared by the cases: name tables after the case. */
  readonly server: PrivateServer;
  /** For mysql2: user `root`, database `bench`. */
  readonly url: string;
  /** Starts another server of the same vendor, stopped by the case. */
  readonly startServer: (options?: Omit<PrivateServerOptions, "vendor">) => Promise<PrivateServer>;
  /** Small sizes: to see that it runs, not how fast. */
  readonly quick: boolean;
  /** For what takes so long that one would wonder. */
  readonly progress: (line: string) => void;
}

/** Figures by name; units are in the names, and "ratio" has none. */
export type Figures = Readonly<Record<string, number>>;

/** What one figure of a row is meant to reach. */
export interface Reach {
  readonly figure: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** One thing that was measured. */
export interface BenchRow {
  readonly name: string;
  readonly figures: Figures;
  readonly reach?: readonly Reach[];
  /** What the reader must know of this row alone, such as why it was not measured. */
  readonly note?: string;
}

/** Things that are measured together. */
export interface BenchCase {
  readonly name: string;
  readonly title: string;
  /** What is compared with what, in a sentence or two for the report. */
  readonly about: string;
  /** Drawn as bars, a row each: this figure, with a line at the value that counts as equal. */
  readonly chart?: { readonly figure: string; readonly line?: number };
  run(context: BenchContext): Promise<readonly BenchRow[]>;
}
