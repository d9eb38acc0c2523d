import { isRetryable } from "../../database/table-error.ts";
import type { Reporting } from "../../reflex/observer.ts";
import { sleep } from "../../waiting/sleep.ts";
import { withTimeLimit } from "../../waiting/time-limit.ts";

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 5000;

/** Who a read is for. */
export interface ReadFor {
  /** Aborted when nobody waits for the read any more. */
  readonly signal: AbortSignal;
  readonly reporting: Reporting;
  readonly table: string;
}

/** Reads again after errors that pass, such as a lost connection, until the signal is aborted; reports each error. */
export async function retried<R>(read: () => Promise<R>, { signal, reporting, table }: ReadFor): Promise<R> {
  for (let retryInMs = FIRST_RETRY_MS; ; retryInMs = Math.min(retryInMs * 2, LONGEST_RETRY_MS)) {
    try {
      return await read();
    } catch (error) {
      if (signal.aborted || !isRetryable(error)) throw error;
      reporting.error({ activity: "stream", name: table, error, retryInMs });
      await sleep(retryInMs, { signal });
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
