import { vendorNames } from "../../../src/testing/servers/find-server.ts";
import { toldInTime, type WaitVerdict } from "./judge-wait.ts";
import { median, problemsOf, type WayResult } from "./way-result.ts";

const HEADINGS = [
  "way",
  "server",
  "told in time",
  "told after ms (median/max)",
  "told first",
  "cause right (median ms)",
  "wrong causes",
  "back after ms (median/max)",
  "lost",
  "verdict",
];

/** The results as a table of Markdown, a line each. */
export function resultTable(results: readonly WayResult[]): string {
  const rule = HEADINGS.map(() => "---");
  return [HEADINGS, rule, ...results.map(cellsOf)].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** One result in a line, while others are still to come. */
export function resultLine(result: WayResult): string {
  const cells = cellsOf(result);
  const named = HEADINGS.map((heading, index) => `${heading} ${cells[index]}`).slice(2);
  return `${`${result.way} `.padEnd(26)}${vendorNames[result.server].padEnd(8)} ${named.join(", ")} (${result.seconds.toFixed(0)} s)`;
}

function cellsOf(result: WayResult): string[] {
  const name = [result.way, vendorNames[result.server]];
  if (result.skipped !== undefined) return [...name, ...Array<string>(7).fill(""), `skipped: ${result.skipped}`];
  const waits = result.verdicts.filter((verdict) => !verdict.void);
  const due = waits.filter(({ mustBeTold }) => mustBeTold);
  const inTime = due.filter(toldInTime).length;
  const right = timesOf(waits, "rightAfterMs");
  const named = waits.filter(({ blockerRight }) => blockerRight !== undefined);
  const blockers =
    named.length === 0 ? "" : `, blocker ${named.filter((each) => each.blockerRight).length}/${named.length}`;
  const problems = problemsOf(result);
  return [
    ...name,
    `${inTime}/${due.length}`,
    spread(timesOf(due, "toldAfterMs")),
    counted(due.map(({ first }) => first ?? "nothing")),
    `${right.length}/${waits.length} (${whole(median(right))})${blockers}`,
    counted(waits.flatMap(({ wrong }) => wrong.slice(0, 1)).map((text) => text.split(":")[0] ?? "")),
    spread(timesOf(waits, "backAfterMs")),
    String(result.lost),
    problems.length === 0 ? "good" : `BAD: ${problems.join("; ")}`,
  ];
}

function timesOf(waits: readonly WaitVerdict[], of: "toldAfterMs" | "rightAfterMs" | "backAfterMs"): number[] {
  return waits.map((wait) => wait[of]).filter((time) => time !== undefined);
}

function spread(times: readonly number[]): string {
  return times.length === 0 ? "" : `${whole(median(times))}/${whole(Math.max(...times))}`;
}

function whole(time: number | undefined): string {
  return time === undefined ? "" : time.toFixed(0);
}

/** Each text once, with how often it is there. */
function counted(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].map(([text, count]) => `${text} ${count}`).join(", ");
}
