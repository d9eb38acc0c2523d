const UNITS: Readonly<Record<string, string>> = { Ms: "ms", Micros: "µs", KiB: "KiB", MiB: "MiB", Percent: "%" };

// At the end, or before what the figure is of or beyond, as in `pageMsOfSmall`.
const UNIT = /(?<=[a-z0-9])(Ms|Micros|KiB|MiB|Percent)(?=$|Of[A-Z]|Beyond[A-Z])/;

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
  timeRatio: "the time divided by that of the baseline in the same round: the median of all rounds",
  sentRatio: "the bytes that the server sent, divided by those of the baseline",
  residentMiBBeyondLargest: "by how much the memory of the whole process has grown at most, less the largest event",
  buffersMiBBeyondLargest: "the same of the bytes in buffers alone",
  rounds: "how many rounds were counted, after one to warm up",
  perSecond: "events or transactions in a second: the median of all rounds",
  eventsPerSecond: "events read, handled or written in a second: the median of all rounds",
  eventsPerSecondAlone: "the same of one alone",
  eventsPerSecondFirst: "the same of the first tenth of the events",
  eventsPerSecondLast: "the same of the last tenth of the events",
  peerEventsPerSecond: "the same of the system that this library is compared with",
  eventsVerified: "how many events were compared with what had been written",
  deliveriesPerSecond: "events handed over in a second, each counted once a stream: the median of all rounds",
  transactionsPerSecond: "transactions committed in a second: the median of all rounds",
  handPerSecond: "the same of the code written by hand",
  p50Ms: "half of the measurements took no longer",
  p99Ms: "99 of 100 measurements took no longer",
  maxMs: "the longest of all",
  n: "how many measurements there were",
  ids: "how many ids the gap has",
  statements: "how many statements the server was sent",
  roundTrips: "how often the server was sent something and waited for",
  statementsOfOne: "the same of one stream",
  statementsPerTransaction: "how many statements the server was sent for each transaction",
  handStatementsPerTransaction: "the same beside the code written by hand",
  statementsPerSecond: "how many statements the server was sent in a second",
  connectionsPerSecond: "how many connections to the server were opened in a second",
  abortedPerSecond: "how many were closed without a goodbye in a second",
  rollbacksPerSecond: "how many transactions were rolled back in a second",
  seconds: "for how long they were counted",
  pageMs: "how long it took to read a page: the median of all rounds",
  pageMsOfSmall: "the same of the smallest table",
  eventLoopP999Ms: "999 of 1000 times, the event loop was not held up for longer",
  eventLoopP999MsOfIdle: "the same of a process that does nothing, on the same machine at the same time",
  eventLoopMaxMs: "the longest that the event loop was held up",
  heapBeforeMiB: "the heap in use before, after a collection",
  heapGrowthMiB: "by how much the heap in use has grown, after a collection",
  externalGrowthMiB: "by how much the memory outside of the heap has grown",
  heapPeakMiB: "the most that the heap held",
  residentGrowthMiB: "by how much the memory of the whole process has grown",
  flushMs: "how long writing all cursors at once took: the median of all rounds",
  singlesMs: "how long writing each in a statement of its own took: the median of all rounds",
  driverMs: "how long importing the driver took: the median",
  moreMs: "how long importing the package took besides: the median",
};

/** What a column holds, for those who read the report. */
export function meaningOf(figure: string): string | undefined {
  return Object.hasOwn(MEANINGS, figure) ? MEANINGS[figure] : undefined;
}
