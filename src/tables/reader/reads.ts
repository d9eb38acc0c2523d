import { costsNothing, failureCause } from "../../database/sessions/failure-cause.ts";
import { isRetryable } from "../../database/table-error.ts";
import type { Reporting } from "../../reflex/observer.ts";
import { sleep } from "../../waiting/sleep.ts";
import { withTimeLimit } from "../../waiting/time-limit.ts";
import { ReportThinning } from "./report-thinning.ts";
import type { StallWatch } from "./stall-watch.ts";

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 5000;
// The longest wait where an attempt costs nothing.
const LONGEST_CHEAP_RETRY_MS = 200;

/** Who a read is for. */
export interface ReadFor {
  /** Aborted when nobody waits for the read any more. */
  readonly signal: AbortSignal;
  readonly reporting: Reporting;
  readonly table: string;
  /** Told of the errors that pass. */
  readonly stall: Pick<StallWatch, "failed">;
  /** Which of the errors are reported. One that outlives the read also thins those of reads that fail one after the other. */
  readonly thinning?: ReportThinning;
}

/** Reads again after errors that pass, such as a lost connection, until the signal is aborted; reports the errors. */
export async function retried<R>(read: () => Promise<R>, readFor: ReadFor): Promise<R> {
  const { signal, reporting, table, stall, thinning = new ReportThinning() } = readFor;
  let retryInMs = FIRST_RETRY_MS;
  for (;;) {
    const startedAt = performance.now();
    try {
      return await read();
    } catch (error) {
      if (signal.aborted || !isRetryable(error)) throw error;
      const cheap = costsNothing(error, performance.now() - startedAt);
      if (cheap) retryInMs = Math.min(retryInMs, LONGEST_CHEAP_RETRY_MS);
      stall.failed(failureCause(error));
      const told = thinning.next();
      if (told !== undefined) reporting.error({ activity: "stream", name: table, error, retryInMs, ...told });
      await sleep(retryInMs, { signal });
      retryInMs = Math.min(retryInMs * 2, cheap ? LONGEST_CHEAP_RETRY_MS : LONGEST_RETRY_MS);
    }
  }
}

/**
 * Waits for a read until the signal is aborted. The read itself goes on after that: other streams use the same connection.
 */
export function unlessEnded<R>(read: Promise<R>, signal: AbortSignal): Promise<R> {
  return withTimeLimit(read, { signal, what: "a read" });
}

/** The shortest wait between two polls at one place: what ends the wait there may be committed at any moment. */
export const SHORTEST_POLL_WAIT_MS = 5;
const LONGEST_POLL_WAIT_MS = 250;

/** How long to wait between polls at a place where nothing but a poll tells of news, such as a gap: longer each time. */
export class PollBackoff {
  #waitMs = SHORTEST_POLL_WAIT_MS;

  /** The wait before the next poll, in ms. */
  next(): number {
    const waitMs = this.#waitMs;
    this.#waitMs = Math.min(waitMs * 2, LONGEST_POLL_WAIT_MS);
    return waitMs;
  }
}
