import type { Figures, Reach } from "./bench-case.ts";

export type Verdict = "reached" | "MISSED" | "not measured";

/** Whether a figure is what it is meant to be. One that is not there is not: what is no number comes back from JSON as null. */
export function verdictOf({ figure, atLeast, atMost }: Reach, figures: Figures): Verdict {
  const value: unknown = figures[figure];
  if (typeof value !== "number" || Number.isNaN(value)) return "not measured";
  return (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost)
    ? "reached"
    : "MISSED";
}

/** The bounds of a target in words, with numbers as `format` gives them. */
export function describeBounds(
  { atLeast, atMost }: Reach,
  { least, most, format }: { least: string; most: string; format: (value: number) => string },
): string {
  const bounds = [
    atLeast === undefined ? [] : [`${least} ${format(atLeast)}`],
    atMost === undefined ? [] : [`${most} ${format(atMost)}`],
  ];
  return bounds.flat().join(", ");
}
