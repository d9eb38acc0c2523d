import type { BenchRow, Reach } from "./bench-case.ts";

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
  const verdicts = reach.map((target) => {
    const word = isReached(target, figures) ? "reached" : "MISSED";
    return `[${describeReach(target)}: ${word}]`;
  });
  return [...texts, ...verdicts, ...(note === undefined ? [] : [`(${note})`])].join("  ");
}

/** Whether the figure is what it is meant to be. A figure that is not there is not. */
export function isReached({ figure, atLeast, atMost }: Reach, figures: BenchRow["figures"]): boolean {
  const value = figures[figure] ?? Number.NaN;
  return (
    (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost) && !Number.isNaN(value)
  );
}

/** A target in words. */
export function describeReach({ figure, atLeast, atMost }: Reach): string {
  const bounds = [atLeast === undefined ? "" : `at least ${atLeast}`, atMost === undefined ? "" : `at most ${atMost}`];
  return `${figure} ${bounds.filter((text) => text !== "").join(", ")}`;
}
