import { setTimeout as delay } from "node:timers/promises";
import type { Pool } from "mysql2/promise";
import type { EventsTable } from "reflex-rsql";

/** What a writer does. */
export interface Writes {
  readonly events: number;
  readonly pauseMs: number;
  /** Whether the pause is the mean of exponential ones, as of independent arrivals, and not always the same. */
  readonly exponential: boolean;
}

/** Inserts events one by one, into each table in turn; the foreign ids are 0, 1 and so on. Resolves with when each commit was over. */
export async function writeEvents(tables: readonly EventsTable[], pool: Pool, writes: Writes): Promise<number[]> {
  const { events, pauseMs, exponential } = writes;
  const commits: number[] = [];
  for (let event = 0; event < events; event++) {
    await delay(exponential ? -pauseMs * Math.log(1 - Math.random()) : pauseMs);
    await tables[event % tables.length]?.insert(pool, String(event), 1);
    commits.push(clockMs());
  }
  return commits;
}

/** A clock that all processes of the machine share, and that nothing sets. */
export function clockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
