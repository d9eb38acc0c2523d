import { type ServerVendor, vendorNames } from "../../src/testing/servers/find-server.ts";
import type { Figures, Reach } from "../bench-case.ts";
import { describeBounds, type Verdict, verdictOf } from "../reach.ts";
import { type CaseResults, rowOf, vendors } from "./case-results.ts";
import { quantityName, unitOf } from "./figure-names.ts";
import { ABSENT, formatAgainst, formatFigure, plainNumber } from "./format-figure.ts";
import { markdownTable } from "./markdown-table.ts";

/** How many targets are reached, and every figure that has one. */
export function summary(cases: readonly CaseResults[]): string {
  const targets = cases.map((results) => ({ results, targets: targetsOf(results) }));
  const all = targets.flatMap((one) => one.targets);
  const rows = targets.flatMap(({ results, targets: own }) =>
    own.length === 0
      ? []
      : [
          [`**[${results.bench.name}]**`, "", ...vendors.map(() => "")],
          ...own.map((target) => [
            target.row,
            describeTarget(target),
            ...vendors.map((vendor) => cell(target, vendor)),
          ]),
        ],
  );
  const head = ["what", "target", ...vendors.map((vendor) => vendorNames[vendor])];
  const table = markdownTable({ head, sides: head.map(() => "left"), rows, nameWidth: 34, isCut: false });
  return [vendors.map((vendor) => countLine(all, vendor)).join("\n"), table].join("\n\n");
}

/** A figure of a row that has a target on a server at least. */
interface Target {
  readonly row: string;
  readonly figure: string;
  readonly byVendor: Partial<Record<ServerVendor, { readonly figures: Figures; readonly reach: Reach | undefined }>>;
}

function targetsOf(results: CaseResults): readonly Target[] {
  return results.rowNames.flatMap((name) => {
    const rows = vendors.map((vendor) => ({ vendor, row: rowOf(results, vendor, name) }));
    const figures = new Set(rows.flatMap(({ row }) => row?.reach?.map(({ figure }) => figure) ?? []));
    return [...figures].map((figure) => {
      const found = rows.flatMap(({ vendor, row }) => {
        if (row === undefined) return [];
        const reach = row.reach?.find((candidate) => candidate.figure === figure);
        return [[vendor, { figures: row.figures, reach }] as const];
      });
      return { row: name, figure, byVendor: Object.fromEntries(found) };
    });
  });
}

/** "ratio ≥ 1.5", with each server's where they differ. */
function describeTarget({ figure, byVendor }: Target): string {
  const unit = unitOf(figure);
  const format = (value: number): string => plainNumber(value) + (unit === undefined ? "" : ` ${unit}`);
  const bounds = vendors.flatMap((vendor) => {
    const reach = byVendor[vendor]?.reach;
    return reach === undefined ? [] : [{ vendor, text: describeBounds(reach, { least: "≥", most: "≤", format }) }];
  });
  const [first, ...others] = bounds;
  const differing = others.filter(({ text }) => text !== first?.text);
  const more = differing.map(({ vendor, text }) => `; ${vendorNames[vendor]} ${text}`);
  return `${quantityName(figure)} ${first?.text ?? ""}${more.join("")}`;
}

function cell(target: Target, vendor: ServerVendor): string {
  const own = target.byVendor[vendor];
  if (own?.reach === undefined) {
    const shown = formatFigure(target.figure, own?.figures[target.figure]);
    return shown === ABSENT ? "not measured" : `${shown}, no target`;
  }
  const verdict = verdictOf(own.reach, own.figures);
  if (verdict === "not measured") return verdict;
  return `${formatAgainst(own.reach, own.figures)} ${verdict === "MISSED" ? "**MISSED**" : verdict}`;
}

function countLine(targets: readonly Target[], vendor: ServerVendor): string {
  const count = (verdict: Verdict): number =>
    targets.filter(({ byVendor }) => {
      const own = byVendor[vendor];
      const found = own?.reach === undefined ? "not measured" : verdictOf(own.reach, own.figures);
      return found === verdict;
    }).length;
  const [missed, absent] = [count("MISSED"), count("not measured")];
  const parts = [
    `${count("reached")} of ${targets.length} targets reached`,
    ...(missed === 0 ? [] : [`**${missed} MISSED**`]),
    ...(absent === 0 ? [] : [`${absent} not measured or without a target here`]),
  ];
  return `- ${vendorNames[vendor]}: ${parts.join(", ")}`;
}
