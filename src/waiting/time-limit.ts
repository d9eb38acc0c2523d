import { ReflexError } from "../reflex/errors.ts";
import { abortReason } from "./abort.ts";
import { startTimer } from "./timer.ts";

/** How a call may be cut short. */
export interface CallOptions {
  /** Aborting it rejects the call with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** The longest the call may take, in ms; then it rejects with `time_limit`. `Infinity` for no limit. */
  timeoutMs?: number | undefined;
}

export interface Limit extends CallOptions {
  /** What is waited for, as the message says it: "a connection from the pool". */
  what: string;
  /** What to do about it, as the message says it. */
  remedy?: string;
  /** Called once if the wait is given up, before the promise rejects. */
  onGivenUp?: () => void;
  /** Holds, while the wait lasts, a function that gives it up with an error. */
  endings?: Set<(error: Error) => void>;
}

/**
 * Waits for `work`, but no longer than the limit or the signal allow. Drivers have neither in general, and a promise of
 * mysql2 never settles once its connection was destroyed, so the work itself is left behind, its outcome ignored.
 */
export function withTimeLimit<T>(work: Promise<T>, limit: Limit): Promise<T> {
  const { signal, timeoutMs = Number.POSITIVE_INFINITY } = limit;
  if (signal === undefined && timeoutMs === Number.POSITIVE_INFINITY && limit.endings === undefined) return work;
  return new Promise<T>((resolve, reject) => {
    const settle = (finish: () => void): void => {
      cancelTimer();
      signal?.removeEventListener("abort", onAbort);
      limit.endings?.delete(giveUp);
      finish();
    };
    const giveUp = (error: Error): void =>
      settle(() => {
        try {
          limit.onGivenUp?.();
        } catch {
          // Thrown from a timer or an abort listener it would end the process; the caller hears of the wait's end anyway.
        }
        reject(error);
      });
    const onAbort = (): void => {
      if (signal) giveUp(abortReason(signal));
    };
    const cancelTimer =
      timeoutMs === Number.POSITIVE_INFINITY
        ? () => undefined
        : startTimer(timeoutMs, () => giveUp(timeLimitError(limit, timeoutMs)));
    signal?.addEventListener("abort", onAbort, { once: true });
    limit.endings?.add(giveUp);
    work.then(
      (value) => settle(() => resolve(value)),
      (error: Error) => settle(() => reject(error)),
    );
    if (signal?.aborted) onAbort();
  });
}

/** The `time_limit` error of a wait that was given up. */
export function timeLimitError(limit: Pick<Limit, "what" | "remedy">, timeoutMs: number): ReflexError {
  const remedy = limit.remedy === undefined ? "" : `; ${limit.remedy}`;
  return new ReflexError("time_limit", `waited ${timeoutMs} ms for ${limit.what}${remedy}`, {
    details: { timeoutMs, what: limit.what },
  });
}
