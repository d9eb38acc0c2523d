import type { AcknowledgedEvent, ConsumerHistory, DeliveredEvent, History, StoredEvent } from "./history.ts";
import { longestSilence } from "./longest-silence.ts";

/** What came of a history, all its consumers together. */
export interface Counts {
  /** Events whose COMMIT was acknowledged to the writer. */
  readonly acknowledged: number;
  /** Events that reached a consumer, each once a consumer. */
  readonly delivered: number;
  /** Deliveries of an event that the consumer had been given before, by an earlier stream. */
  readonly again: number;
  /** Events that are in the table, or were acknowledged and should be, and never reached a consumer. */
  readonly lost: number;
  /** Events that reached a consumer, and that nobody committed, or not under this id. */
  readonly phantom: number;
  /** Deliveries that were not above the one before them of the same stream. */
  readonly outOfOrder: number;
  /** The longest that an event was committed and undelivered while nothing was told, in ms. */
  readonly longestSilenceMs: number;
  /** What was wrong, with names; no more than some of each kind. */
  readonly examples: readonly string[];
}

type Wrong = "lost" | "phantom" | "outOfOrder";

const MOST_EXAMPLES = 5;

export function countHistory(history: History): Counts {
  const facts = {
    rows: new Map(history.rows.map((row) => [row.foreignId, row])),
    acknowledged: new Map(history.acknowledged.map((event) => [event.foreignId, event])),
  };
  const wrongs = new Wrongs();
  const each = history.consumers.map((consumer) => countConsumer(consumer, { history, facts, wrongs }));
  const sum = (of: (counts: ConsumerCounts) => number): number => each.reduce((total, one) => total + of(one), 0);
  return {
    acknowledged: history.acknowledged.length,
    delivered: sum(({ delivered }) => delivered),
    again: sum(({ again }) => again),
    ...wrongs.counts,
    longestSilenceMs: Math.max(0, ...each.map(({ silenceMs }) => silenceMs)),
    examples: wrongs.examples,
  };
}

interface ConsumerCounts {
  readonly delivered: number;
  readonly again: number;
  readonly silenceMs: number;
}

interface Facts {
  readonly rows: ReadonlyMap<string, StoredEvent>;
  readonly acknowledged: ReadonlyMap<string, AcknowledgedEvent>;
}

interface Case {
  readonly history: History;
  readonly facts: Facts;
  readonly wrongs: Wrongs;
}

function countConsumer({ name, delivered, told }: ConsumerHistory, { history, facts, wrongs }: Case): ConsumerCounts {
  countOrder(name, delivered, wrongs);
  const first = firstOfEach(delivered);
  for (const event of first.values()) {
    if (isPhantom(event, history, facts)) wrongs.add("phantom", `${event.id} (${event.foreignId}) to ${name}`);
  }
  for (const { id, foreignId } of expected(history, facts)) {
    if (!first.has(foreignId)) wrongs.add("lost", `${id} (${foreignId}) to ${name}`);
  }
  const waits = history.acknowledged.flatMap(({ foreignId, at }) => {
    const event = first.get(foreignId);
    return event === undefined ? [] : { from: at, to: event.at };
  });
  return {
    delivered: first.size,
    again: delivered.length - first.size,
    silenceMs: longestSilence(waits, told),
  };
}

function countOrder(name: string, delivered: readonly DeliveredEvent[], wrongs: Wrongs): void {
  let highest = -1n;
  let stream: number | undefined;
  for (const event of delivered) {
    if (event.stream !== stream) highest = -1n;
    ({ stream } = event);
    const id = BigInt(event.id);
    if (id <= highest) wrongs.add("outOfOrder", `${id} after ${highest} to ${name}`);
    else highest = id;
  }
}

function firstOfEach(delivered: readonly DeliveredEvent[]): Map<string, DeliveredEvent> {
  const first = new Map<string, DeliveredEvent>();
  for (const event of delivered) if (!first.has(event.foreignId)) first.set(event.foreignId, event);
  return first;
}

function isPhantom({ id, foreignId }: DeliveredEvent, history: History, { rows, acknowledged }: Facts): boolean {
  const row = rows.get(foreignId);
  if (row !== undefined) return row.id !== id;
  if (history.removed === "none") return true;
  const written = acknowledged.get(foreignId);
  if (written !== undefined) return written.id !== undefined && written.id !== id;
  return history.removed === "passed" || !history.unknown.has(foreignId);
}

/** What each consumer must have been given: all of the table, and what only a fault of the server could have taken out of it. */
function expected(
  { rows, acknowledged, removed }: History,
  facts: Facts,
): readonly Pick<AcknowledgedEvent, "id" | "foreignId">[] {
  if (removed === "any") return rows;
  return [...rows, ...acknowledged.filter(({ foreignId }) => !facts.rows.has(foreignId))];
}

class Wrongs {
  readonly counts: Record<Wrong, number> = { lost: 0, phantom: 0, outOfOrder: 0 };
  readonly examples: string[] = [];

  add(kind: Wrong, example: string): void {
    if (++this.counts[kind] <= MOST_EXAMPLES) this.examples.push(`${kind}: ${example}`);
  }
}
