import type { Paint } from "./paint.ts";
import { consumerNames } from "./tables.ts";
import type { ConsumerView, TallyView } from "./tally.ts";
import { counted, grouped } from "./text.ts";

export interface Progress {
  readonly elapsedMs: number;
  readonly seconds: number;
  /** Whether orders are still placed. */
  readonly writing: boolean;
  readonly tally: TallyView;
  /** How many gaps streams have closed; undefined where there are none. */
  readonly gapsClosed: number | undefined;
}

/** The lines that are drawn again and again on a terminal. */
export function renderBlock(progress: Progress, paint: Paint): string[] {
  const { tally, writing, elapsedMs, seconds } = progress;
  const clock = writing ? `${stamp(elapsedMs)} of ${seconds} s` : stamp(elapsedMs);
  const rate = writing ? `${grouped(Math.round(tally.perSecond))}/s` : "writers done";
  return [
    `${paint.bold(clock)}   ${counts(progress).join("  ")}  ${rate}`,
    ...tally.consumers.map((consumer) => consumerLine(consumer, paint)),
  ];
}

/** What the numbers at the ends of the lines for a log are. */
export const lineLegend: string = `lag: events that ${consumerNames.join("/")} have still to read`;

/** The same as one line, for a log. */
export function renderLine(progress: Progress): string {
  const { elapsedMs, tally } = progress;
  const lags = tally.consumers.map(({ state, lag }) => (state === "not started" ? "-" : grouped(lag)));
  return `${stamp(elapsedMs)}  ${counts(progress).join(", ")}; lag ${lags.join("/")}`;
}

/** A moment of the demo as "  6.2 s". */
export function stamp(elapsedMs: number): string {
  return `${(elapsedMs / 1000).toFixed(1).padStart(5)} s`;
}

function counts({ tally, gapsClosed }: Progress): string[] {
  return [
    counted(tally.committed, "order"),
    `${grouped(tally.rolledBack)} rolled back`,
    ...(gapsClosed === undefined ? [] : [`${counted(gapsClosed, "gap")} closed`]),
  ];
}

function consumerLine(consumer: ConsumerView, paint: Paint): string {
  const { name, state, position, lag, failures } = consumer;
  const place = `at event ${grouped(position).padStart(6)}   lag ${grouped(lag).padStart(5)}`;
  const failed = failures > 0 ? paint.dim(`, ${counted(failures, "failure")} retried`) : "";
  if (state === "not started") return paint.dim(`    ${name.padEnd(12)}starts later`);
  const colour = state === "killed" ? paint.red : paint.green;
  return `    ${name.padEnd(12)}${place}   ${colour(state)}${failed}`;
}
