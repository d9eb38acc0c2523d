import { LONGEST_TIMER_MS } from "./timer.ts";

/** Something that is to end by a time of `performance.now()`. */
export interface Deadline {
  readonly atMs: number;
  /** Called once that time has passed. */
  expire(): void;
}

/**
 * Deadlines that are nearly always met, such as the limits of statements: one timer for all, which is left to run when they
 * are, since to start and to clear one for each costs more than the rest of a call. Keeps the process alive while there are
 * any.
 */
export class Deadlines {
  readonly #open = new Set<Deadline>();
  #timer: NodeJS.Timeout | undefined;
  #firesAtMs = Number.POSITIVE_INFINITY;

  add(deadline: Deadline): void {
    this.#open.add(deadline);
    if (deadline.atMs < this.#firesAtMs) this.#arm(deadline.atMs);
    else if (this.#open.size === 1) this.#timer?.ref();
  }

  /** Does nothing for one that has expired. */
  delete(deadline: Deadline): void {
    if (this.#open.delete(deadline) && this.#open.size === 0) this.#timer?.unref();
  }

  #arm(atMs: number): void {
    clearTimeout(this.#timer);
    this.#firesAtMs = atMs;
    const delayMs = Math.min(Math.max(Math.ceil(atMs - performance.now()), 0), LONGEST_TIMER_MS);
    this.#timer = setTimeout(() => this.#fire(), delayMs);
  }

  #fire(): void {
    this.#firesAtMs = Number.POSITIVE_INFINITY;
    this.#timer = undefined;
    const now = performance.now();
    // One that expires may end others, which are then not come to, and add new ones, which are not due.
    for (const deadline of this.#open) {
      if (deadline.atMs <= now && this.#open.delete(deadline)) deadline.expire();
    }
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { atMs } of this.#open) nextMs = Math.min(nextMs, atMs);
    if (nextMs < this.#firesAtMs) this.#arm(nextMs);
  }
}
