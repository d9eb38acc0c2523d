import { ReflexError } from "../reflex/errors.ts";
import { abortReason } from "./abort.ts";
import { type Deadline, Deadlines } from "./deadlines.ts";
import { startTimer } from "./timer.ts";

/** How a call may be cut short. */
export interface CallOptions {
  /** Aborting it rejects the call with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** The longest the call may take, in ms; then it rejects with `time_limit`. `Infinity` for no limit. */
  timeoutMs?: number | undefined;
}

/** A wait that can be given up with an error. */
interface Ending {
  giveUp(error: Error): void;
}

/** The waits under way on something, such as a connection. Nearly always one. */
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
  /** What is waited for, as the message says it: "a connection from the pool". A function is asked only if it is needed. */
  what: string | (() => string);
  /** What to do about it, as the message says it. */
  remedy?: string;
  /** Called once if the wait is given up, before the promise rejects. */
  onGivenUp?: () => void;
  /** Holds the wait while it lasts, to be given up from outside. */
  endings?: Endings;
  /** Whether work like this is so frequent, and its limit so seldom reached, that it shares a timer. @defaultValue false */
  frequent?: boolean;
}

const frequentLimits = new Deadlines();

/**
 * Waits for `work`, but no longer than the limit or the signal allow. Drivers have neither in general, and a promise of
 * mysql2 never settles once its connection was destroyed, so the work itself is left behind, its outcome ignored.
 */
export function withTimeLimit<T>(work: Promise<T>, limit: Limit): Promise<T> {
  const { signal, timeoutMs = Number.POSITIVE_INFINITY } = limit;
  if (signal === undefined && timeoutMs === Number.POSITIVE_INFINITY && limit.endings === undefined) return work;
  return new Promise<T>((resolve, reject) => {
    const wait = new Wait(limit, timeoutMs, { resolve, reject });
    work.then(
      (value) => wait.resolve(value),
      (error: Error) => wait.reject(error),
    );
    if (signal?.aborted) wait.abort();
  });
}

interface Outcome<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

// Every statement waits so: one object and few closures.
class Wait<T> implements Deadline, Ending {
  readonly atMs: number;
  before: Deadline | undefined;
  after: Deadline | undefined;
  readonly #limit: Limit;
  readonly #timeoutMs: number;
  readonly #outcome: Outcome<T>;
  readonly #cancelTimer: (() => void) | undefined;
  readonly #onAbort: (() => void) | undefined;

  constructor(limit: Limit, timeoutMs: number, outcome: Outcome<T>) {
    this.#limit = limit;
    this.#timeoutMs = timeoutMs;
    this.#outcome = outcome;
    const nowMs = limit.frequent === true ? performance.now() : Number.POSITIVE_INFINITY;
    this.atMs = nowMs + timeoutMs;
    if (this.#shares) frequentLimits.add(this, nowMs);
    else if (timeoutMs !== Number.POSITIVE_INFINITY) this.#cancelTimer = startTimer(timeoutMs, () => this.expire());
    if (limit.signal !== undefined) {
      this.#onAbort = () => this.abort();
      limit.signal.addEventListener("abort", this.#onAbort, { once: true });
    }
    limit.endings?.add(this);
  }

  get #shares(): boolean {
    return this.atMs !== Number.POSITIVE_INFINITY;
  }

  resolve(value: T): void {
    this.#end();
    this.#outcome.resolve(value);
  }

  reject(error: Error): void {
    this.#end();
    this.#outcome.reject(error);
  }

  /** Leaves nothing behind. */
  #end(): void {
    if (this.#shares) frequentLimits.delete(this);
    this.#cancelTimer?.();
    if (this.#onAbort !== undefined) this.#limit.signal?.removeEventListener("abort", this.#onAbort);
    this.#limit.endings?.delete(this);
  }

  expire(): void {
    this.giveUp(timeLimitError(this.#limit, this.#timeoutMs));
  }

  abort(): void {
    const { signal } = this.#limit;
    if (signal !== undefined) this.giveUp(abortReason(signal));
  }

  giveUp(error: Error): void {
    this.#end();
    try {
      this.#limit.onGivenUp?.();
    } catch {
      // Thrown from a timer or an abort listener it would end the process; the caller hears of the wait's end anyway.
    }
    this.#outcome.reject(error);
  }
}

/** The `time_limit` error of a wait that was given up. */
export function timeLimitError(limit: Pick<Limit, "what" | "remedy">, timeoutMs: number): ReflexError {
  const remedy = limit.remedy === undefined ? "" : `; ${limit.remedy}`;
  const what = typeof limit.what === "function" ? limit.what() : limit.what;
  return new ReflexError("time_limit", `waited ${timeoutMs} ms for ${what}${remedy}`, {
    details: { timeoutMs, what },
  });
}
