import { isError, readProperty } from "../../errors/thrown.ts";
import { sleep } from "../../waiting/sleep.ts";
import { type Limit, timeLimitError } from "../../waiting/time-limit.ts";

const FIRST_DELAY_MS = 1;
const LONGEST_DELAY_MS = 50;
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;

/** How long to wait for a lock. There is always a limit. */
export type BusyLimit = Omit<Limit, "onGivenUp"> & {
  timeoutMs: number;
  /** When the wait began, as `performance.now()` tells it. @defaultValue now */
  since?: number;
};

/** Whether the error says that another connection holds a lock, so that the same statement can succeed later. */
export function isBusy(error: unknown): boolean {
  if (!isError(error)) return false;
  const [code, errcode] = [readProperty(error, "code"), readProperty(error, "errcode")];
  // "SQL statements in progress" has the same code. But only the caller itself could end those statements.
  if (String(readProperty(error, "message")).includes("in progress")) return false;
  // The low byte of an extended result code is the plain code.
  if (typeof errcode === "number") return (errcode & 0xff) === SQLITE_BUSY || (errcode & 0xff) === SQLITE_LOCKED;
  return typeof code === "string" && /^SQLITE_(?:BUSY|LOCKED)/.test(code);
}

/** Calls `attempt` until no lock of another connection stops it. The event loop is free between two attempts. */
export function retryWhileBusy<T>(attempt: () => T, limit: BusyLimit): Promise<T> {
  return retryUntilDone(() => {
    try {
      return { value: attempt() };
    } catch (error) {
      if (!isBusy(error)) throw error;
      return undefined;
    }
  }, limit);
}

/** Calls `attempt` until it returns a value. The event loop is free between two attempts. */
export async function retryUntilDone<T>(attempt: () => { value: T } | undefined, limit: BusyLimit): Promise<T> {
  const deadline = (limit.since ?? performance.now()) + limit.timeoutMs;
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)) {
    limit.signal?.throwIfAborted();
    const done = attempt();
    if (done !== undefined) return done.value;
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) throw timeLimitError(limit, limit.timeoutMs);
    // oxlint-disable-next-line eslint/no-await-in-loop -- waiting is the point
    await sleep(Math.min(delayMs, leftMs), { signal: limit.signal });
  }
}
