import { type DatabaseHandle, transaction } from "reflex-rsql";
import type { ChosenDatabase } from "./choose-database.ts";
import { executeIn } from "./execute.ts";
import type { DemoTables } from "./tables.ts";

const most: Readonly<Record<ChosenDatabase["kind"], number>> = { private: 200, yours: 150, sqlite: 100 };
const LEAST = 20;
// A consumer's transaction takes as long as the one that is measured, and all share one machine.
const SHARE_OF_SPEED = 0.25;
const TRIALS = 9;

/** How many orders a second this database takes so that consumers, one transaction an event, keep up well. */
export function choosePace(kind: ChosenDatabase["kind"], transactionMs: number): number {
  const affordable = Math.floor((SHARE_OF_SPEED * 1000) / Math.max(transactionMs, 0.1));
  return Math.max(LEAST, Math.min(most[kind], affordable));
}

/** The median time of a small transaction, in ms. */
export async function measureTransaction(handle: DatabaseHandle, tables: DemoTables): Promise<number> {
  const times: number[] = [];
  for (let trial = 0; trial < TRIALS; trial++) {
    const startedAt = performance.now();
    await transaction(handle, async (tx) => {
      await executeIn(tx, `insert into ${tables.totals} (customer, orders, cents) values (?, 0, 0)`, ["trial"]);
      await executeIn(tx, `delete from ${tables.totals} where customer = ?`, ["trial"]);
    });
    times.push(performance.now() - startedAt);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(TRIALS / 2)] ?? 0;
}
