import type { BenchCase } from "../bench-case.ts";
import type { BenchResult } from "../bench-result.ts";
import { describeMachine } from "../machine.ts";
import { type CaseResults, groupResults, serverName } from "./case-results.ts";
import { caseSection } from "./case-section.ts";
import { drawChart } from "./chart.ts";
import { figuresOf, MISSED, RANGE, REACHED } from "./figure-columns.ts";
import { columnName, meaningOf } from "./figure-names.ts";
import { wrapText } from "./markdown-table.ts";
import { summary } from "./summary.ts";

/** The folder of the charts, beside the page. */
export const CHARTS = "benchmarks";

/** The page and its charts, by their paths in the folder of the docs. */
export function drawReport(results: readonly BenchResult[], cases: readonly BenchCase[]): ReadonlyMap<string, string> {
  const measured = groupResults(results, cases);
  const charts = new Map<string, string>();
  for (const one of measured) {
    if (one.bench.chart !== undefined) charts.set(`${CHARTS}/${one.bench.name}.svg`, drawChart(one, one.bench.chart));
  }
  const sections = measured.map((one) => {
    const path = `${CHARTS}/${one.bench.name}.svg`;
    return caseSection(one, charts.has(path) ? path : undefined);
  });
  const links = measured.map(({ bench }) => `[${bench.name}]: #${anchorOf(bench.title)}`);
  const page = [
    INTRODUCTION,
    machines(measured),
    "## Targets",
    summary(measured),
    "## Columns",
    legend(measured),
    ...sections,
    links.join("\n"),
  ];
  return new Map([["benchmarks.md", `${page.join("\n\n")}\n`], ...charts]);
}

const INTRODUCTION = [
  "# How fast it is",
  wrapText(
    "Most cases do the same work in two ways or more, by turns and in several rounds, on a private server on the same machine, in a process of its own. A **ratio** compares two ways within a round, so that what else the machine did hits both: ratios are what to go by. The absolute figures of a shared machine move by half from one hour to the next.",
  ),
  wrapText(
    "This page and its charts are drawn from [benchmarks.json](benchmarks.json), which `npm run bench` writes; no figure was typed by hand. `npm run bench` measures all again on your machine, `npm run bench -- NAME` one case.",
  ),
].join("\n\n");

function machines(cases: readonly CaseResults[]): string {
  const results = cases.flatMap(({ byVendor }) => Object.values(byVendor));
  const machinesInUse = [...new Set(results.map(describeMachine))];
  const servers = [...new Set(results.map(serverName))].toSorted();
  const lines = machinesInUse.map((text) => {
    if (machinesInUse.length === 1) return text;
    const own = results.filter((result) => describeMachine(result) === text);
    return `${text}: ${own.map((result) => `${result.case} on ${serverName(result)}`).join(", ")}`;
  });
  return ["Measured on", ...lines, `Servers: ${servers.join(", ")}`]
    .map((line, index) => (index === 0 ? `${line}\n` : `- ${wrapText(line, "  ")}`))
    .join("\n");
}

function legend(cases: readonly CaseResults[]): string {
  const rows = cases.flatMap(({ byVendor }) => Object.values(byVendor).flatMap((result) => result.rows));
  const meanings = figuresOf(rows).flatMap((figure) => {
    const meaning = meaningOf(figure);
    return meaning === undefined ? [] : [`**${columnName(figure)}**: ${meaning}`];
  });
  const lines = [
    `${REACHED} reaches its target, ${MISSED} misses it; a figure without either has no target`,
    `**${RANGE}**: the lowest and the highest of the rounds, in the unit of the column before; in charts, a line across the end of a bar`,
    ...meanings,
    "**load**: how many programs ran or waited for a core in the minute before; the case before counts too. With more than there are cores, not even ratios can be relied on",
  ];
  return lines.map((line) => `- ${wrapText(line, "  ")}`).join("\n");
}

/** Where GitHub puts a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}
