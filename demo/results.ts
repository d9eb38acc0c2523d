import type { Paint } from "./paint.ts";
import type { Played } from "./play.ts";
import { type ConsumerName, consumerNames } from "./tables.ts";
import { counted, grouped } from "./text.ts";
import { type Check, committedOutOfOrder, type Evidence } from "./verdict.ts";

export interface Results {
  readonly played: Played;
  readonly evidence: Evidence;
  readonly checks: readonly Check[];
  /** Whether ids commit out of order here, and rollbacks leave gaps between them. */
  readonly gaps: boolean;
  /** How many events a poller saw that asks for ids above its last; undefined if none was tried. */
  readonly naivelySeen: number | undefined;
}

const MOST_PROBLEMS_SHOWN = 5;

/** The table that a reader takes home. */
export function renderResults(results: Results, paint: Paint): string[] {
  return [
    "",
    paint.bold("What came of it, read through a new connection"),
    "",
    ...orderLines(results),
    "",
    ...consumerTable(results, paint),
    "",
    ...results.checks.flatMap((check) => checkLines(check, paint)),
    "",
    verdictLine(results, paint),
  ];
}

/** What does not agree, over all checks. */
export function problemsOf(checks: readonly Check[]): string[] {
  return checks.flatMap(({ problems }) => problems);
}

function orderLines(results: Results): string[] {
  const { played, evidence, gaps } = results;
  const { acknowledged, rolledBack, events } = evidence;
  const perSecond = Math.round((acknowledged.length * 1000) / played.writingMs);
  const seconds = (played.writingMs / 1000).toFixed(1);
  const { retries } = played.tally;
  return [
    row("orders acknowledged", acknowledged.length, `in ${seconds} s, ${grouped(perSecond)} a second`),
    row("orders rolled back", rolledBack.length, `after their insert, which leaves ${gaps ? "a" : "no"} gap`),
    ...(retries > 0 ? [row("transactions lost", retries, "by deadlock or lost connection; done again")] : []),
    row("events in the table", events.size, ""),
    ...(gaps ? gapLines(results) : []),
  ];
}

function gapLines({ played, evidence, naivelySeen }: Results): string[] {
  const { acknowledged, events, noops } = evidence;
  const { consumers } = played.tally;
  const met = consumers.reduce((sum, consumer) => sum + consumer.gaps, 0);
  const longestMs = Math.max(...consumers.map(({ longestWaitMs }) => longestWaitMs));
  const missed = naivelySeen === undefined ? [] : [events.size - naivelySeen];
  return [
    row("gaps closed", noops.size, "with a noop row each, up to the last event"),
    row("longest wait at a gap", `${(longestMs / 1000).toFixed(2)} s`, `of ${counted(met, "wait")} of all consumers`),
    row("committed out of order", committedOutOfOrder(acknowledged), "acknowledged after one with a higher id"),
    ...missed.map((count) => row("missed by naive polling", count, "`where id > last`, tried alongside")),
  ];
}

function row(name: string, value: number | string, remark: string): string {
  const shown = typeof value === "number" ? grouped(value) : value;
  return `  ${name.padEnd(24)}${shown.padStart(7)}   ${remark}`.trimEnd();
}

const headings = ["consumer", "effects", "repeats", "failures", "restarts", "most behind"] as const;

function consumerTable({ played, evidence }: Results, paint: Paint): string[] {
  const rows = consumerNames.map((name) => consumerCells(name, played, evidence));
  return [
    paint.dim(tableLine(headings)),
    ...rows.map(tableLine),
    paint.dim("  repeats: came again after a failure or the kill, took effect only once"),
  ];
}

function tableLine(cells: readonly string[]): string {
  return cells.map((cell, index) => (index === 0 ? `  ${cell.padEnd(14)}` : cell.padStart(12))).join("");
}

function consumerCells(name: ConsumerName, { tally }: Played, evidence: Evidence): string[] {
  const consumer = tally.consumers.find((view) => view.name === name);
  const { duplicates = 0, failures = 0, restarts = 0, maxLag = 0 } = consumer ?? {};
  return [
    name,
    ...[evidence.effects[name].length, duplicates, failures, restarts, maxLag].map((value) => grouped(value)),
  ];
}

function checkLines({ claim, problems }: Check, paint: Paint): string[] {
  if (problems.length === 0) return [`  ${paint.green("ok  ")}  ${claim}`];
  const rest = problems.length - MOST_PROBLEMS_SHOWN;
  return [
    `  ${paint.red("FAIL")}  ${claim}`,
    ...problems.slice(0, MOST_PROBLEMS_SHOWN).map((problem) => `        ${problem}`),
    ...(rest > 0 ? [`        and ${grouped(rest)} more`] : []),
  ];
}

function verdictLine({ checks, evidence }: Results, paint: Paint): string {
  const problems = problemsOf(checks);
  const [first] = problems;
  if (first !== undefined) {
    const more = problems.length > 1 ? ` and ${grouped(problems.length - 1)} more` : "";
    return paint.bold(paint.red(`FAILED: ${first}${more}`));
  }
  const counts = `${counted(evidence.events.size, "event")} to ${consumerNames.length} consumers`;
  return paint.bold(paint.green(`PASSED: ${counts}: none lost, none doubled, all in order`));
}
