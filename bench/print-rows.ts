import type { BenchRow, Reach } from "./bench-case.ts";
import { describeBounds, verdictOf } from "./reach.ts";

/** Where a run tells what it does. */
export interface Printer {
  line(text: string): void;
  rows(rows: readonly BenchRow[]): void;
  /** Also where standard output is for programs. */
  problem(text: string): void;
}

/** Prints for people, or, where standard output is to be JSON, only problems. */
export function printer(json: boolean): Printer {
  const line = (text: string): void => {
    if (!json) console.log(text);
  };
  return {
    line,
    problem: (text) => console.error(text),
    rows: (rows) => {
      const width = Math.max(...rows.map(({ name }) => name.length));
      for (const row of rows) line(`  ${row.name.padEnd(width)}  ${describe(row)}`);
    },
  };
}

function describe({ figures, reach = [], note }: BenchRow): string {
  const texts = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  const verdicts = reach.map((target) => `[${describeReach(target)}: ${verdictOf(target, figures)}]`);
  return [...texts, ...verdicts, ...(note === undefined ? [] : [`(${note})`])].join("  ");
}

function describeReach(reach: Reach): string {
  return `${reach.figure} ${describeBounds(reach, { least: "at least", most: "at most", format: String })}`;
}
