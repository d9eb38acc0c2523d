import type { Pool } from "mysql2/promise";
import { type EventsTable, isReflexError, transaction } from "reflex-rsql";

/** What came of a load, and of the stream that followed it. */
export interface LoadCounts {
  transactions: number;
  /** By the error's code, what a writer got instead of a commit. */
  readonly errors: Map<string, number>;
  /** The events whose COMMIT was acknowledged. */
  readonly acknowledged: string[];
  readonly delivered: string[];
  /** Events that came below an earlier one. */
  outOfOrder: number;
}

export function newCounts(): LoadCounts {
  return { transactions: 0, errors: new Map(), acknowledged: [], delivered: [], outOfOrder: 0 };
}

/** Writes transactions of one to three events, of which some are rolled back, until it is aborted. */
export async function writeTransactions(
  pool: Pool,
  table: EventsTable,
  { name, counts, signal }: { name: string; counts: LoadCounts; signal: AbortSignal },
): Promise<void> {
  for (let turn = 0; !signal.aborted; turn++) {
    const events = Array.from({ length: 1 + (turn % 3) }, (_, index) => `${name} ${turn} ${index}`);
    counts.transactions++;
    try {
      await transaction(pool, async (tx) => {
        for (const foreignId of events) await table.insert(tx, foreignId, 1);
        if (turn % 7 === 3) throw new RolledBack();
      });
      counts.acknowledged.push(...events);
    } catch (error) {
      if (error instanceof RolledBack) continue;
      const code = isReflexError(error) ? error.code : "other";
      counts.errors.set(code, (counts.errors.get(code) ?? 0) + 1);
    }
  }
}

class RolledBack extends Error {}

/** The last event that a load writes. */
export const THE_END = "the end";

/** Follows a table up to the event that ends the load. */
export async function followToEnd(
  stream: AsyncIterable<{ id: string; foreignId: string }>,
  counts: LoadCounts,
): Promise<void> {
  let last = 0n;
  for await (const { id, foreignId } of stream) {
    if (BigInt(id) <= last) counts.outOfOrder++;
    last = BigInt(id);
    if (foreignId === THE_END) return;
    counts.delivered.push(foreignId);
  }
}

/** The acknowledged events that were never delivered. */
export function lostOf({ acknowledged, delivered }: LoadCounts): string[] {
  const seen = new Set(delivered);
  return acknowledged.filter((event) => !seen.has(event));
}

export function errorsOf({ errors, transactions }: LoadCounts): string {
  const count = [...errors.values()].reduce((sum, found) => sum + found, 0);
  return `${count} of ${transactions} transactions failed (${((100 * count) / transactions).toFixed(2)} %) ${JSON.stringify([...errors])}`;
}
