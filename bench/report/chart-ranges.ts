import type { Bar } from "./chart-bars.ts";

interface Style {
  /** Of the bars' middle from that of their row, in pixels. */
  readonly offset: number;
  readonly text: { readonly fontFamily: string; readonly fontSize: number; readonly fill: string };
  readonly line: string;
  /** Where bars begin. */
  readonly base: number;
}

/** What echarts gives to a function that draws. */
interface DrawTools {
  value(dimension: number): number;
  coord(point: readonly [number, number]): [number, number];
}

const CAP = 4;
// Text can come to stand on a line.
const OUTLINE = { stroke: "#ffffff", lineWidth: 3 };
const MISSED = { fill: "#b42318", fontWeight: "bold" };

/** Draws on top of bars: a line from the lowest to the highest of the rounds, and the figure right of it. */
export function rangeSeries(bars: readonly Bar[], style: Style): object {
  return {
    type: "custom",
    silent: true,
    z: 5,
    encode: { x: 0, y: 1 },
    data: bars.map(({ value }, row) => [value ?? style.base, row]),
    renderItem: (_: unknown, tools: DrawTools) => {
      const row = tools.value(1);
      const bar = bars[row];
      if (bar === undefined) return undefined;
      return { type: "group", children: drawRange(bar, style, (value) => tools.coord([value, row])) };
    },
  };
}

type PointOf = (value: number) => readonly [number, number];

function drawRange(bar: Bar, { offset, text, line, base }: Style, pointOf: PointOf): object[] {
  const { value = base, lowest, highest, label, isMissed } = bar;
  // A bar of a logarithmic axis can end left of where it begins.
  const [right, middle] = pointOf(Math.max(highest ?? value, base));
  const y = middle + offset;
  const style = { ...text, ...OUTLINE, text: label, verticalAlign: "middle", ...(isMissed ? MISSED : {}) };
  const told = { type: "text", x: right + 7, y, style };
  if (lowest === undefined || highest === undefined) return [told];
  const [from] = pointOf(lowest);
  const [to] = pointOf(highest);
  const stroke = (shape: Record<"x1" | "y1" | "x2" | "y2", number>): object => ({
    type: "line",
    shape,
    style: { stroke: line, lineWidth: 1.5 },
  });
  const cap = (x: number): object => stroke({ x1: x, y1: y - CAP, x2: x, y2: y + CAP });
  return [stroke({ x1: from, y1: y, x2: to, y2: y }), cap(from), cap(to), told];
}
