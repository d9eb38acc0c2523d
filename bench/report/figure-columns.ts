import type { BenchRow } from "../bench-case.ts";
import { verdictOf } from "../reach.ts";
import { columnName } from "./figure-names.ts";
import { formatAgainst, formatFigure } from "./format-figure.ts";

export const REACHED = "✓";
export const MISSED = "✗";
export const RANGE = "range";

/** A column of a case's table. */
export interface FigureColumn {
  readonly name: string;
  readonly cell: (row: BenchRow) => string;
}

/** The columns that some rows need: the lowest and the highest share one. What `isLeftOut` is told elsewhere. */
export function figureColumns(
  rows: readonly BenchRow[],
  isLeftOut: (figure: string) => boolean,
): readonly FigureColumn[] {
  const figures = figuresOf(rows).filter((figure) => !isLeftOut(figure));
  return figures.flatMap((figure) => {
    const highest = figure.replace(/^lowest/, "highest");
    if (highest !== figure && figures.includes(highest)) return [rangeColumn(figure, highest)];
    if (figures.includes(figure.replace(/^highest/, "lowest")) && figure.startsWith("highest")) return [];
    return [{ name: columnName(figure), cell: (row) => figureCell(row, figure) }];
  });
}

export function figuresOf(rows: readonly BenchRow[]): readonly string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row.figures)))];
}

function rangeColumn(lowest: string, highest: string): FigureColumn {
  const cell = ({ figures }: BenchRow): string =>
    [lowest, highest]
      .flatMap((figure) => (Object.hasOwn(figures, figure) ? [formatFigure(figure, figures[figure])] : []))
      .join("–");
  return { name: columnName(lowest.replace(/^lowest/, RANGE)), cell };
}

function figureCell({ figures, reach = [] }: BenchRow, figure: string): string {
  const target = reach.find((candidate) => candidate.figure === figure);
  if (target === undefined) return Object.hasOwn(figures, figure) ? formatFigure(figure, figures[figure]) : "";
  const shown = formatAgainst(target, figures);
  const verdict = verdictOf(target, figures);
  return verdict === "not measured" ? shown : `${shown} ${verdict === "reached" ? REACHED : MISSED}`;
}
