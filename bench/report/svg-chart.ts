import { createRequire } from "node:module";

/** What is used of echarts, whose own types need those of a browser. */
interface Echarts {
  init(
    element: null,
    theme: null,
    options: { renderer: "svg"; ssr: true; width: number; height: number },
  ): { setOption(option: object): void; renderToSVGString(): string; dispose(): void };
}

export interface ChartSize {
  readonly width: number;
  readonly height: number;
}

/** Draws what echarts is told to. The same option gives the same text. */
export function svgChart(option: object, size: ChartSize): string {
  const require = createRequire(import.meta.url);
  const echarts = require("echarts") as Echarts;
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, ...size });
  chart.setOption({ ...option, animation: false });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${forReading(svg).trim()}\n`;
}

/**
 * Without what serves a pointer: styles and marks of what is under it. Their names have numbers that count on as long as the
 * process runs.
 */
function forReading(svg: string): string {
  return svg
    .replaceAll(/<style[^>]*>.*?<\/style>\s*/gs, "")
    .replaceAll(/ (class|ecmeta_\w+|pointer-events)="[^"]*"/g, "")
    .replaceAll(/\bzr\d+-/g, "chart-");
}
