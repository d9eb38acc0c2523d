import { LONGEST_TIMER_MS } from "./timer.ts";

/** Something that is to end at a certain time, as `performance.now()` tells it. */
export interface Deadline {
  readonly atMs: number;
  /**
   * The deadlines before and after it in the list of {@link Deadlines}, which alone sets them. A linked list, unlike a
   * set, leaves nothing for the garbage collector.
   */
  before: Deadline | undefined;
  after: Deadline | undefined;
  /** Called once when that time has passed. */
  expire(): void;
}

// A timer that is so late will never fire: it was started on the fake clock of a test, which has ended since.
export const LATE_MS = 1000;

/**
 * Deadlines that are nearly always met, such as the limits of statements. All of them share one timer, which goes on
 * running when a deadline was met: to start and to clear a timer for each would cost more than the rest of a call. The
 * timer keeps the process alive while there are deadlines.
 */
export class Deadlines {
  #last: Deadline | undefined;
  #timer: NodeJS.Timeout | undefined;
  #firesAtMs = Number.POSITIVE_INFINITY;

  /** Adds a deadline. `nowMs` is the present time of `performance.now()`, which the caller has read anyway. */
  add(deadline: Deadline, nowMs: number): void {
    const wasEmpty = this.#last === undefined;
    if (this.#last !== undefined) this.#last.after = deadline;
    deadline.before = this.#last;
    this.#last = deadline;
    if (deadline.atMs < this.#firesAtMs) this.#arm(deadline.atMs, nowMs);
    else if (nowMs > this.#firesAtMs + LATE_MS) this.#arm(this.#nextMs(), nowMs);
    else if (wasEmpty) this.#timer?.ref();
  }

  /** Removes a deadline. Returns whether it was there: one that has expired is not. */
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
    // The due deadlines are collected before any expires, since one that expires may remove others and add new ones.
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
