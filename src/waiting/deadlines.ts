import { LONGEST_TIMER_MS } from "./timer.ts";

/** Something that is to end by a time of `performance.now()`. */
export interface Deadline {
  readonly atMs: number;
  /** Its neighbours, for {@link Deadlines} alone: they make a list, which unlike a set leaves nothing to be collected. */
  before: Deadline | undefined;
  after: Deadline | undefined;
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
  #last: Deadline | undefined;
  #timer: NodeJS.Timeout | undefined;
  #firesAtMs = Number.POSITIVE_INFINITY;

  /** `nowMs` is the time of `performance.now()`. */
  add(deadline: Deadline, nowMs: number): void {
    const wasEmpty = this.#last === undefined;
    if (this.#last !== undefined) this.#last.after = deadline;
    deadline.before = this.#last;
    this.#last = deadline;
    if (deadline.atMs < this.#firesAtMs) this.#arm(deadline.atMs, nowMs);
    else if (nowMs > this.#firesAtMs + LATE_MS) this.#arm(this.#nextMs(), nowMs);
    else if (wasEmpty) this.#timer?.ref();
  }

  /** Whether it was there: one that has expired is not. */
  delete(deadline: Deadline): boolean {
    const { before, after } = deadline;
    if (before === undefined && after === undefined && this.#last !== deadline) return false;
    if (before !== undefined) before.after = after;
    if (after !== undefined) after.before = before;
    else this.#last = before;
    deadline.before = undefined;
    deadline.after = undefined;
    if (this.#last === undefined) this.#timer?.unref();
    return true;
  }

  #nextMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (let deadline = this.#last; deadline !== undefined; deadline = deadline.before) {
      nextMs = Math.min(nextMs, deadline.atMs);
    }
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
    // Collected first: one that expires may end others, and add new ones.
    const due: Deadline[] = [];
    for (let deadline = this.#last; deadline !== undefined; deadline = deadline.before) {
      if (deadline.atMs <= nowMs) due.push(deadline);
    }
    for (const deadline of due.toReversed()) {
      if (this.delete(deadline)) deadline.expire();
    }
    const nextMs = this.#nextMs();
    if (nextMs < this.#firesAtMs) this.#arm(nextMs, nowMs);
  }
}
