import { isRetryable } from "../../database/table-error.ts";
import type { Reporting } from "../../reflex/observer.ts";
import { sleep } from "../../waiting/sleep.ts";

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 5000;

export interface RetryContext {
  readonly signal: AbortSignal;
  readonly reporting: Reporting;
  readonly table: string;
}

/** Tries again after errors that pass, such as a lost connection, until the signal; reports each. */
export async function retried<R>(work: () => Promise<R>, { signal, reporting, table }: RetryContext): Promise<R> {
  for (let retryInMs = FIRST_RETRY_MS; ; retryInMs = Math.min(retryInMs * 2, LONGEST_RETRY_MS)) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !isRetryable(error)) throw error;
      reporting.error({ activity: "stream", name: table, error, retryInMs });
      await sleep(retryInMs, { signal });
    }
  }
}
