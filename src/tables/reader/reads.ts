import { costsNothing, failureCause } from "../../database/sessions/failure-cause.ts";
import { isRetryable } from "../../database/table-error.ts";
import type { Reporting } from "../../reflex/observer.ts";
import { sleep } from "../../waiting/sleep.ts";
import { withTimeLimit } from "../../waiting/time-limit.ts";
import type { StallWatch } from "./stall-watch.ts";

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 5000;
// The longest wait where an attempt costs nothing.
const LONGEST_CHEAP_RETRY_MS = 200;
// How often errors are reported at the most, however often it is tried.
const LONGEST_REPORT_MS = 5000;

/** Who a read is for. */
export interface ReadFor {
  /** Aborted when nobody waits for the read any more. */
  readonly signal: AbortSignal;
  readonly reporting: Reporting;
  readonly table: string;
  /** Told of the errors that pass. */
  readonly stall: Pick<StallWatch, "failed">;
}

/** Reads again after errors that pass, such as a lost connection, until the signal is aborted; reports the errors. */
export async function retried<R>(read: () => Promise<R>, { signal, reporting, table, stall }: ReadFor): Promise<R> {
  let [retryInMs, reportInMs, reportAt, unreported] = [FIRST_RETRY_MS, FIRST_RETRY_MS, 0, 0];
  for (;;) {
    const startedAt = performance.now();
    try {
      return await read();
    } catch (error) {
      if (signal.aborted || !isRetryable(error)) throw error;
      const now = performance.now();
      const cheap = costsNothing(error, now - startedAt);
      if (cheap) retryInMs = Math.min(retryInMs, LONGEST_CHEAP_RETRY_MS);
      stall.failed(failureCause(error));
      if (now < reportAt) unreported++;
      else {
        const more = unreported === 0 ? {} : { unreported };
        reporting.error({ activity: "stream", name: table, error, retryInMs, ...more });
        unreported = 0;
        reportAt = now + reportInMs;
        reportInMs = Math.min(reportInMs * 2, LONGEST_REPORT_MS);
      }
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
