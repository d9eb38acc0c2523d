import type { BenchRow } from "../bench-case.ts";
import { verdictOf } from "../reach.ts";
import { formatAgainst, formatFigure } from "./format-figure.ts";

/** One bar. */
export interface Bar {
  /** Undefined where nothing was measured. */
  readonly value: number | undefined;
  readonly lowest: number | undefined;
  readonly highest: number | undefined;
  readonly label: string;
  readonly isMissed: boolean;
}

/** A row's bar: its figure, with the range of the rounds if there is one. */
export function barOf(row: BenchRow | undefined, figure: string): Bar {
  const figures = row?.figures ?? {};
  const value = figures[figure];
  if (row === undefined || typeof value !== "number") {
    return { value: undefined, lowest: undefined, highest: undefined, label: "not measured", isMissed: false };
  }
  const { lowest = Number.NaN, highest = Number.NaN } = figures;
  // A row has one range: in a figure of another unit it would be nonsense.
  const isRange = lowest <= value && value <= highest;
  const target = row.reach?.find((reach) => reach.figure === figure);
  const isMissed = target !== undefined && verdictOf(target, figures) === "MISSED";
  const shown = target === undefined ? formatFigure(figure, value) : formatAgainst(target, figures);
  return {
    value,
    lowest: isRange ? lowest : undefined,
    highest: isRange ? highest : undefined,
    label: isMissed ? `${shown} misses its target` : shown,
    isMissed,
  };
}
