import type { Figures, Reach } from "../bench-case.ts";
import { verdictOf } from "../reach.ts";
import { unitOf } from "./figure-names.ts";

/** What stands where there is no figure. */
export const ABSENT = "–";

const SHARES = new Set(["ratio", "lowest", "highest"]);

/** A figure as people read it: with as many digits as say something, and thousands apart. */
export function formatFigure(name: string, value: number | null | undefined): string {
  if (typeof value !== "number" || Number.isNaN(value)) return ABSENT;
  const size = Math.abs(value);
  if (name.includes("Per") && size >= 100) return withDecimals(Number(value.toPrecision(3)), 0);
  const isCount = Number.isInteger(value) && !(SHARES.has(name) && size < 100) && unitOf(name) === undefined;
  if (isCount || size >= 100) return withDecimals(value, 0);
  if (size >= 10) return withDecimals(value, 1);
  return size >= 0.1 || size === 0 ? withDecimals(value, 2) : String(Number(value.toPrecision(2)));
}

/** A figure that has a target, in full where the shorter number would be on the other side of it. */
export function formatAgainst(reach: Reach, figures: Figures): string {
  const value = figures[reach.figure];
  const short = formatFigure(reach.figure, value);
  const shown = { [reach.figure]: Number(short.replaceAll(",", "")) };
  const isTold = short === ABSENT || verdictOf(reach, shown) === verdictOf(reach, figures);
  return isTold ? short : plainNumber(value ?? Number.NaN);
}

/** A number that someone chose, as it is. */
export function plainNumber(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 6 });
}

function withDecimals(value: number, decimals: number): string {
  return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}
