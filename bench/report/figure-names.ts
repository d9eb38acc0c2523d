const UNITS: Readonly<Record<string, string>> = { Ms: "ms", Micros: "µs", KiB: "KiB", MiB: "MiB", Percent: "%" };

// At the end, or before what the figure is of, as in `pageMsOfSmall`.
const UNIT = /(?<=[a-z0-9])(Ms|Micros|KiB|MiB|Percent)(?=$|Of[A-Z])/;

/** A figure's name as the head of a column: `p50Ms` is "p50 (ms)", `eventsPerSecond` is "events/s". */
export function columnName(figure: string): string {
  const unit = unitOf(figure);
  return unit === undefined ? quantityName(figure) : `${quantityName(figure)} (${unit})`;
}

/** The name without its unit. */
export function quantityName(figure: string): string {
  return figure
    .replace(UNIT, "")
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, " ")
    .toLowerCase()
    .replaceAll(" per second", "/s")
    .replaceAll(" per ", "/")
    .replaceAll(/\bp999\b/g, "p99.9");
}

export function unitOf(figure: string): string | undefined {
  return UNITS[UNIT.exec(figure)?.[1] ?? ""];
}

const MEANINGS: Readonly<Record<string, string>> = {
  ratio: "the row's rate, time or count divided by the baseline's of the same round: the median of all rounds",
  rounds: "how many rounds were counted, after one to warm up",
  eventsPerSecond: "events read, handled or written in a second: the median of all rounds",
  p50Ms: "half of the measurements took no longer",
  p99Ms: "99 of 100 measurements took no longer",
  maxMs: "the longest of all",
  n: "how many measurements there were",
  ids: "how many ids the hole has",
  statements: "how many statements the server was sent",
};

/** What a column holds, for those who read the report. */
export function meaningOf(figure: string): string | undefined {
  return Object.hasOwn(MEANINGS, figure) ? MEANINGS[figure] : undefined;
}
