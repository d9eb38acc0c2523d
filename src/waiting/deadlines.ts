import { LONGEST_TIMER_MS } from "./timer.ts";

/** Something that is to end by a time of `performance.now()`. */
export interface Deadline {
  readonly atMs: number;
  /** Called once that time has passed. */
  expire(): void;
}

// A timer that is later than this was lost, as to a test's fake clock, which has taken it with it.
const LATE_MS = 1000;

/**
 * Deadlines that are nearly always met, such as the limits of statements: one timer for all, which is left to run when they
 * are, since to start and to clear one for each costs more than the rest of a call. Keeps the process alive while there are
 * any.
 */
export class Deadlines {
  readonly #open = new Set<Deadline>();
  #timer: NodeJS.Timeout | undefined;
  #firesAtMs = Number.POSITIVE_INFINITY;

  /** `nowMs` is the time of `performance.now()`. */
  add(deadline: Deadline, nowMs: number): void {
    this.#open.add(deadline);
    if (deadline.atMs < this.#firesAtMs) this.#arm(deadline.atMs, nowMs);
    else if (nowMs > this.#firesAtMs + LATE_MS) this.#arm(this.#nextMs(), nowMs);
    else if (this.#open.size === 1) this.#timer?.ref();
  }

  /** Does nothing for one that has expired. */
  delete(deadline: Deadline): void {
    if (this.#open.delete(deadline) && this.#open.size === 0) this.#timer?.unref();
  }

  #nextMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { atMs } of this.#open) nextMs = Math.min(nextMs, atMs);
    return nextMs;
  }

  #arm(atMs: number, nowMs: number): void {
    clearTimeout(this.#timer);
    const delayMs = Math.min(Math.max(Math.ceil(atMs - nowMs), 0), LONGEST_TIMER_MS);
    this.#firesAtMs = nowMs + delayMs;
    this.#timer = setTimeout(() => this.#fire(), delayMs);
  }

  #fire(): void {
    this.#firesAtMs = Number.POSITIVE_INFINITY;
    this.#timer = undefined;
    const nowMs = performance.now();
    // One that expires may end others, and add new ones.
    const due = [...this.#open].filter(({ atMs }) => atMs <= nowMs);
    for (const deadline of due) {
      if (this.#open.delete(deadline)) deadline.expire();
    }
    const nextMs = this.#nextMs();
    if (nextMs < this.#firesAtMs) this.#arm(nextMs, nowMs);
  }
}
