import type { Paint } from "./paint.ts";
import type { ConsumerView, TallyView } from "./tally.ts";
import { counted, grouped } from "./text.ts";

export interface Progress {
  readonly elapsedMs: number;
  readonly seconds: number;
  /** Whether orders are still placed. */
  readonly writing: boolean;
  readonly tally: TallyView;
}

/** The lines that are drawn again and again on a terminal. */
export function renderBlock(progress: Progress, paint: Paint): string[] {
  const { tally } = progress;
  const orders = `${grouped(tally.committed).padStart(6)} orders committed`;
  return [
    `${paint.bold(clock(progress))}  ${orders}   ${rate(progress)}`,
    ...tally.consumers.map((consumer) => consumerLine(consumer, paint)),
  ];
}

/** The same as one line, for a log. */
export function renderLine(progress: Progress): string {
  const { elapsedMs, tally } = progress;
  const lags = tally.consumers.map(({ name, state, lag }) => `${name} ${state === "not started" ? "-" : grouped(lag)}`);
  return `${stamp(elapsedMs)}  ${grouped(tally.committed)} orders committed, ${rate(progress)}; lag: ${lags.join(", ")}`;
}

/** A moment of the demo as "  6.2 s". */
export function stamp(elapsedMs: number): string {
  return `${(elapsedMs / 1000).toFixed(1).padStart(5)} s`;
}

function clock({ elapsedMs, seconds }: Progress): string {
  return `${stamp(Math.min(elapsedMs, seconds * 1000))} of ${seconds} s`;
}

function rate({ writing, tally }: Progress): string {
  return writing ? `${grouped(Math.round(tally.perSecond))}/s` : "writers done";
}

function consumerLine(consumer: ConsumerView, paint: Paint): string {
  const { name, state, position, lag, failures } = consumer;
  const place = `at event ${grouped(position).padStart(6)}   lag ${grouped(lag).padStart(5)}`;
  const failed = failures > 0 ? paint.dim(`, ${counted(failures, "failure")} retried`) : "";
  if (state === "not started") return paint.dim(`    ${name.padEnd(12)}starts later`);
  const colour = state === "killed" ? paint.red : paint.green;
  return `    ${name.padEnd(12)}${place}   ${colour(state)}${failed}`;
}
