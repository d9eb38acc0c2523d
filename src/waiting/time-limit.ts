import { ReflexError } from "../errors/reflex-error.ts";
import { abortReason } from "./abort.ts";
import { type Deadline, Deadlines } from "./deadlines.ts";
import { startTimer } from "./timer.ts";

/** How a call may be cut short. */
export interface CallOptions {
  /** Aborting it rejects the call with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** The longest that the call may take, in ms; after that it rejects with `time_limit`. `Infinity` for no limit. */
  timeoutMs?: number | undefined;
}

/** A wait that can be given up with an error. */
interface Ending {
  giveUp(error: Error): void;
}

/**
 * The waits that are under way on one thing, such as a connection. There is nearly always one, so that the set for more
 * is made only when it is needed.
 */
export class Endings {
  #one: Ending | undefined;
  #more: Set<Ending> | undefined;

  add(ending: Ending): void {
    if (this.#one === undefined) this.#one = ending;
    else (this.#more ??= new Set()).add(ending);
  }

  delete(ending: Ending): void {
    if (this.#one === ending) this.#one = undefined;
    else this.#more?.delete(ending);
  }

  get size(): number {
    return (this.#one === undefined ? 0 : 1) + (this.#more?.size ?? 0);
  }

  giveUpAll(error: () => Error): void {
    for (const ending of [this.#one, ...(this.#more ?? [])]) ending?.giveUp(error());
  }
}

export interface Limit extends CallOptions {
  /**
   * What is waited for, as the error's message says it: "a connection from the pool". A function is called only if the
   * message is needed.
   */
  what: string | (() => string);
  /** What a person can do about it, as the error's message says it. */
  remedy?: string;
  /** Called once if the wait is given up, before its promise rejects. */
  onGivenUp?: () => void;
  /** Called with the error if what is waited for fails, before the promise rejects. */
  onFailed?: (error: unknown) => void;
  /** The set that holds this wait while it lasts, so that it can be given up from outside. */
  endings?: Endings;
  /**
   * Whether such waits are so frequent, and reach their limit so seldom, that they share one timer. @defaultValue false
   */
  frequent?: boolean;
}

const frequentLimits = new Deadlines();

/**
 * Waits for `work`, but no longer than the time limit or the signal allow. Most calls of drivers know neither limit nor
 * signal, and a promise of mysql2 never settles after its connection was destroyed. So a wait that is given up leaves
 * `work` behind, and ignores its outcome.
 */
export function withTimeLimit<T>(work: Promise<T>, limit: Limit): Promise<T> {
  const { signal, timeoutMs = Number.POSITIVE_INFINITY, endings } = limit;
  if (timeoutMs === Number.POSITIVE_INFINITY && isOtherwiseUnlimited(limit)) return work;
  // These are closures, not an object with fields. Such an object was measured to keep what it had waited for in memory
  // long after the wait.
  return new Promise<T>((resolve, reject) => {
    const settle = (finish: () => void): void => {
      cancelTimer();
      signal?.removeEventListener("abort", onAbort);
      endings?.delete(ending);
      finish();
    };
    const giveUp = (error: Error): void =>
      settle(() => {
        try {
          limit.onGivenUp?.();
        } catch {
          // An error that is thrown from a timer or an abort listener would end the process. The caller learns that the
          // wait was given up anyway.
        }
        reject(error);
      });
    const ending: Ending = { giveUp };
    const onAbort = (): void => {
      if (signal) giveUp(abortReason(signal));
    };
    const cancelTimer = startLimit(limit, timeoutMs, () => giveUp(timeLimitError(limit, timeoutMs)));
    signal?.addEventListener("abort", onAbort, { once: true });
    endings?.add(ending);
    work.then(
      (value) => settle(() => resolve(value)),
      (error: Error) => settle(() => fail(error, limit, reject)),
    );
    if (signal?.aborted) onAbort();
  });
}

function isOtherwiseUnlimited({ signal, endings, onFailed }: Limit): boolean {
  return signal === undefined && endings === undefined && onFailed === undefined;
}

function fail(error: Error, { onFailed }: Limit, reject: (error: Error) => void): void {
  onFailed?.(error);
  reject(error);
}

/** Calls `expire` when the time limit is over, unless the function that it returns is called before. */
function startLimit({ frequent }: Limit, timeoutMs: number, expire: () => void): () => void {
  if (timeoutMs === Number.POSITIVE_INFINITY) return () => undefined;
  if (frequent !== true) return startTimer(timeoutMs, expire);
  const nowMs = performance.now();
  const deadline: Deadline = { atMs: nowMs + timeoutMs, before: undefined, after: undefined, expire };
  frequentLimits.add(deadline, nowMs);
  return () => frequentLimits.delete(deadline);
}

/** The `time_limit` error of a wait that was given up. */
export function timeLimitError(limit: Pick<Limit, "what" | "remedy">, timeoutMs: number): ReflexError {
  const remedy = limit.remedy === undefined ? "" : `; ${limit.remedy}`;
  const what = typeof limit.what === "function" ? limit.what() : limit.what;
  return new ReflexError("time_limit", `waited ${timeoutMs} ms for ${what}${remedy}`, {
    details: { timeoutMs, what },
  });
}
