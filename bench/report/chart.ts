import { type ServerVendor, vendorNames } from "../../src/testing/servers/find-server.ts";
import type { BenchCase } from "../bench-case.ts";
import { type CaseResults, rowOf, vendors } from "./case-results.ts";
import { type Bar, barOf } from "./chart-bars.ts";
import { rangeSeries } from "./chart-ranges.ts";
import { columnName } from "./figure-names.ts";
import { plainNumber } from "./format-figure.ts";
import { svgChart } from "./svg-chart.ts";

const WIDTH = 840;
const NAMES_WIDTH = 230;
const ROW_HEIGHT = 46;
const TOP = 76;
const BOTTOM = 56;
const FONT = "Helvetica, Arial, sans-serif";
const TEXT = "#24292f";
const LINE = "#57606a";
const GRID = "#d8dee4";
const COLOURS: Readonly<Record<ServerVendor, string>> = { mariadb: "#6ea8dc", mysql: "#f0ad5e" };

// Of the width: the rest is for the label of the longest bar.
const BARS_SHARE = 0.72;

// Where the longest bar would make the others dots.
const LARGE_RANGE = 30;

/** The chart of a case: for each row a bar a server, with the range of its rounds, and a line where both ways are equal. */
export function drawChart(results: CaseResults, chart: NonNullable<BenchCase["chart"]>): string {
  const { bench, rowNames } = results;
  const measured = vendors.filter((vendor) => results.byVendor[vendor] !== undefined);
  const bars = measured.map((vendor) => rowNames.map((name) => barOf(rowOf(results, vendor, name), chart.figure)));
  const extent = extentOf(bars.flat(), chart.line);
  const option = {
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: FONT, color: TEXT },
    title: {
      text: bench.title,
      left: 16,
      top: 14,
      textStyle: { fontSize: 16, color: TEXT, width: WIDTH - 32, overflow: "truncate" },
    },
    legend: {
      left: 12,
      top: 42,
      selectedMode: false,
      itemWidth: 14,
      itemHeight: 12,
      textStyle: { color: TEXT, fontSize: 12 },
      data: measured.map((vendor) => vendorNames[vendor]),
    },
    grid: { left: NAMES_WIDTH + 26, right: 24, top: TOP + 14, bottom: BOTTOM, outerBoundsMode: "none" },
    xAxis: valueAxis(chart.figure, extent),
    yAxis: nameAxis(rowNames),
    series: measured.flatMap((vendor, place) => [
      barSeries(vendor, bars[place] ?? [], place === 0 ? chart.line : undefined),
      rangeSeries(bars[place] ?? [], {
        offset: offsetOf(place, measured.length),
        text: { fontFamily: FONT, fontSize: 12, fill: TEXT },
        line: LINE,
        base: extent.isWide ? 1 : 0,
      }),
    ]),
  };
  return svgChart(option, { width: WIDTH, height: TOP + 14 + ROW_HEIGHT * rowNames.length + BOTTOM });
}

/** What the value axis shows. */
interface Extent {
  readonly least: number;
  readonly most: number;
  readonly isWide: boolean;
}

function extentOf(bars: readonly Bar[], line: number | undefined): Extent {
  const values = [...bars.map(({ value }) => value), line].filter((value) => value !== undefined);
  const ends = bars.flatMap(({ lowest, highest }) => [lowest, highest]).filter((end) => end !== undefined);
  const least = Math.min(...values, ...ends);
  // At least 0 where nothing was measured.
  const most = Math.max(0, ...values, ...ends);
  return { least, most, isWide: least > 0 && Math.max(...values) / Math.min(...values) > LARGE_RANGE };
}

function valueAxis(figure: string, { least, most, isWide }: Extent): object {
  const range = isWide ? logarithmicRange(least, most) : { type: "value", min: 0, max: most / BARS_SHARE || 1 };
  return {
    ...range,
    name: isWide ? `${columnName(figure)}, each step ten times the last` : columnName(figure),
    nameLocation: "middle",
    nameGap: 30,
    nameTextStyle: { color: TEXT, fontSize: 12 },
    // The end makes room for the labels and is no round number.
    axisLabel: { color: TEXT, fontSize: 12, formatter: plainNumber, showMaxLabel: false },
    splitLine: { showMaxLine: false, lineStyle: { color: GRID } },
  };
}

function logarithmicRange(least: number, most: number): object {
  // Bars begin at 1 there.
  const min = 10 ** Math.floor(Math.log10(Math.min(least, 1)));
  return { type: "log", min, max: min * (Math.max(most, 1) / min) ** (1 / BARS_SHARE) };
}

function nameAxis(rowNames: readonly string[]): object {
  return {
    type: "category",
    inverse: true,
    data: rowNames.map((name) => name.replaceAll("`", "")),
    axisTick: { show: false },
    axisLine: { lineStyle: { color: LINE } },
    axisLabel: { color: TEXT, fontSize: 12, interval: 0, width: NAMES_WIDTH, overflow: "break", lineHeight: 14 },
  };
}

const BAR_WIDTH = 13;
const BAR_GAP = 4;

/** Where the middle of a server's bar is, from the middle of its row. */
function offsetOf(place: number, count: number): number {
  return (place - (count - 1) / 2) * (BAR_WIDTH + BAR_GAP);
}

function barSeries(vendor: ServerVendor, bars: readonly Bar[], line: number | undefined): object {
  const equal = {
    silent: true,
    symbol: "none",
    lineStyle: { color: TEXT, type: "dashed", width: 1.5 },
    label: { formatter: `equal: ${line}`, position: "start", color: TEXT, fontSize: 12 },
    data: [{ xAxis: line }],
  };
  return {
    type: "bar",
    name: vendorNames[vendor],
    barWidth: BAR_WIDTH,
    barGap: `${(100 * BAR_GAP) / BAR_WIDTH}%`,
    itemStyle: { color: COLOURS[vendor] },
    data: bars.map(({ value }) => value ?? null),
    ...(line === undefined ? {} : { markLine: equal }),
  };
}
