/** An event as a stream delivered it, or as the table holds it. */
export interface SeenEvent {
  readonly id: string;
  readonly foreignId: string;
  readonly type: number;
}

/** An event that a writer inserted; with its id if the insert told it. */
export interface InsertedEvent {
  readonly foreignId: string;
  readonly id?: string | undefined;
}

/** What a writer knows of one of its transactions. Times are in ms of the machine's monotonic clock. */
export interface WrittenTransaction {
  readonly name: string;
  /** "unknown" if the connection ended between COMMIT and its answer. */
  readonly outcome: "committed" | "rolled back" | "unknown";
  /** Inserted, and not undone by a savepoint. */
  readonly kept: readonly InsertedEvent[];
  readonly dropped: readonly InsertedEvent[];
  readonly commitSentAt: number;
  readonly acknowledgedAt: number;
  /** What the writer was told instead of success. */
  readonly error?: string | undefined;
}

const MOST_TOLD = 5;

/** What the table holds that the writers' acknowledgements exclude, and the other way round. */
export function compareWithWriters(rows: readonly SeenEvent[], written: readonly WrittenTransaction[]): string[] {
  const stored = new Map(rows.map((row) => [row.foreignId, row]));
  const problems: string[] = [];
  const allowed = new Set<string>();
  for (const { name, outcome, kept } of written) {
    const there = kept.filter(({ foreignId }) => stored.has(foreignId));
    if (outcome !== "rolled back") for (const { foreignId } of kept) allowed.add(foreignId);
    if (outcome === "committed" && there.length < kept.length) problems.push(`rows of ${name} are missing`);
    if (outcome === "unknown" && there.length > 0 && there.length < kept.length)
      problems.push(`half of ${name} is there`);
    for (const { foreignId, id } of there) {
      const row = stored.get(foreignId);
      if (id !== undefined && row?.id !== id)
        problems.push(`the insert of ${foreignId} told id ${id}, its row has ${row?.id}`);
    }
  }
  for (const { foreignId } of rows) if (!allowed.has(foreignId)) problems.push(`${foreignId} was never committed`);
  if (stored.size !== rows.length) problems.push("an event is in the table twice");
  return some(problems);
}

/** How what a stream delivered differs from the events in the table. */
export function compareWithTable(delivered: readonly SeenEvent[], rows: readonly SeenEvent[]): string[] {
  const problems: string[] = [];
  for (const [index, event] of delivered.entries()) {
    const before = delivered[index - 1];
    if (before !== undefined && BigInt(before.id) >= BigInt(event.id)) problems.push(`${event.id} after ${before.id}`);
  }
  const known = new Map(rows.map((row) => [row.id, row]));
  for (const { id, foreignId, type } of delivered) {
    const row = known.get(id);
    if (row === undefined) problems.push(`${id} (${foreignId}) is not in the table`);
    else if (row.foreignId !== foreignId || row.type !== type) problems.push(`${id} differs from its row`);
  }
  const ids = new Set(delivered.map(({ id }) => id));
  for (const { id, foreignId } of rows) if (!ids.has(id)) problems.push(`${id} (${foreignId}) is lost`);
  return some(problems);
}

/** How many events were committed after an event with a higher id was: its COMMIT was answered before theirs was sent. */
export function countLateCommits(rows: readonly SeenEvent[], written: readonly WrittenTransaction[]): number {
  const transactions = new Map(written.flatMap((one) => one.kept.map(({ foreignId }) => [foreignId, one] as const)));
  let late = 0;
  let firstAbove = Number.POSITIVE_INFINITY;
  for (const { foreignId } of rows.toSorted((a, b) => (BigInt(a.id) < BigInt(b.id) ? 1 : -1))) {
    const one = transactions.get(foreignId);
    if (one?.outcome !== "committed") continue;
    if (one.commitSentAt > firstAbove) late++;
    firstAbove = Math.min(firstAbove, one.acknowledgedAt);
  }
  return late;
}

function some(problems: readonly string[]): string[] {
  const rest = problems.length - MOST_TOLD;
  return rest > 0 ? [...problems.slice(0, MOST_TOLD), `and ${rest} more`] : [...problems];
}
