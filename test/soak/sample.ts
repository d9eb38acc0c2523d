/** What reached one reader. */
export interface Tally {
  readonly name: string;
  readonly table: string;
  readonly count: number;
  /** Of the foreign ids. */
  readonly sum: number;
  readonly outOfOrder: number;
  /** Came again after a restart of a run. */
  readonly again: number;
}

/** What the process of the readers holds at one time. */
export interface Sample {
  readonly kind: "sample";
  readonly number: number;
  /** In bytes, after a collection of garbage. */
  readonly heapUsed: number;
  readonly rss: number;
  /** What keeps the process running, by type, such as sockets and timers. */
  readonly resources: Readonly<Record<string, number>>;
  readonly told: Readonly<Record<"stalls" | "errors" | "ended" | "visits", number>>;
  readonly tallies: readonly Tally[];
}

/** The events of a table at the end. */
export interface TableTotals {
  readonly table: string;
  readonly count: number;
  readonly sum: number;
}

/** What is wrong with the readers, each in a sentence; empty if every event came once, in order. */
export function problemsOf(tallies: readonly Tally[], totals: readonly TableTotals[]): string[] {
  return tallies.flatMap(({ name, table, count, sum, outOfOrder }) => {
    const total = totals.find((each) => each.table === table);
    const problems: string[] = [];
    if (total === undefined || total.count === 0)
      problems.push(`${name}: its table is empty, so that nothing was shown`);
    else if (count !== total.count) problems.push(`${name}: ${count} events of ${total.count}`);
    else if (sum !== total.sum) problems.push(`${name}: other events than those of the table`);
    if (outOfOrder > 0) problems.push(`${name}: ${outOfOrder} out of order`);
    return problems;
  });
}

const MIB = 2 ** 20;

/** A sample as cells: minutes, heap, resident memory, what keeps it running, connections, events, what was told. */
export function cellsOf(sample: Sample, { minutes, connections }: { minutes: number; connections: string }): string[] {
  const { heapUsed, rss, resources, told, tallies } = sample;
  const events = tallies.reduce((sum, { count }) => sum + count, 0);
  return [
    minutes.toFixed(1),
    (heapUsed / MIB).toFixed(2),
    (rss / MIB).toFixed(0),
    Object.entries(resources)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([type, count]) => `${type} ${count}`)
      .join(", "),
    connections,
    String(events),
    `${told.stalls} / ${told.errors} / ${told.ended}`,
    String(told.visits),
  ];
}

export const headings: readonly string[] = [
  "minute",
  "heap MiB",
  "resident MiB",
  "what keeps the process running",
  "Threads_connected",
  "events",
  "stalls / errors / ends told",
  "streams opened and closed",
];
