import { vendorNames } from "../../src/testing/servers/find-server.ts";
import type { BenchResult } from "../bench-result.ts";
import { type CaseResults, rowOf, serverName, vendors } from "./case-results.ts";
import { figureColumns } from "./figure-columns.ts";
import { markdownTable, wrapText } from "./markdown-table.ts";

/** All that was found of one case: a table a server, the notes and the chart. */
export function caseSection(results: CaseResults, chart: string | undefined): string {
  const { bench, byVendor } = results;
  const tables = vendors.map((vendor) => {
    const result = byVendor[vendor];
    return result === undefined ? `**${vendorNames[vendor]}**: not measured` : tableOf(result);
  });
  const notes = notesOf(results);
  return [
    `## ${bench.title}`,
    wrapText(bench.about),
    ...tables,
    ...(notes.length === 0 ? [] : [notes.join("\n")]),
    ...(chart === undefined ? [] : [`![${bench.title}: the tables' figures as bars](${chart})`]),
    `Measured by \`npm run bench -- ${bench.name}\`.`,
  ].join("\n\n");
}

// Names of 56 characters leave room for four figures on a screen.
const NAME_WIDTH = 56;

function tableOf(result: BenchResult): string {
  const { rows, measuredAt, load } = result;
  const rounds = new Set(rows.flatMap(({ figures }) => figures["rounds"] ?? []));
  // The same in each row, it says more above them.
  const isShared = rounds.size === 1;
  const columns = figureColumns(rows, (figure) => figure === "rounds" && isShared);
  const facts = [
    `**${serverName(result)}**`,
    ...(isShared ? [`${[...rounds].join("")} rounds`] : []),
    measuredAt.slice(0, 10),
    `load ${load} before it began`,
  ];
  const table = markdownTable({
    head: ["", ...columns.map(({ name }) => name)],
    sides: ["left", ...columns.map(() => "right" as const)],
    rows: rows.map((row) => [row.name, ...columns.map(({ cell }) => cell(row))]),
    nameWidth: NAME_WIDTH,
    isCut: true,
  });
  return `${facts.join(", ")}\n\n${table}`;
}

/** One that both servers share is told once. */
function notesOf(results: CaseResults): readonly string[] {
  return results.rowNames.flatMap((name) => {
    const notes = vendors.flatMap((vendor) => {
      const note = rowOf(results, vendor, name)?.note;
      return note === undefined ? [] : [{ vendor, note }];
    });
    const isShared = notes.length === vendors.length && new Set(notes.map(({ note }) => note)).size === 1;
    const told = isShared ? notes.slice(0, 1) : notes;
    return told.map(({ vendor, note }) => {
      const place = isShared ? name : `${name} on ${vendorNames[vendor]}`;
      return `- ${wrapText(`*${place}*: ${note}`, "  ")}`;
    });
  });
}
