import { done } from "./done.ts";
import { type Limit, withTimeLimit } from "./time-limit.ts";

/** How long to wait for a lock. */
export type LockLimit = Omit<Limit, "onGivenUp">;

const NO_LIMIT: LockLimit = { what: "a lock" };

/** Someone who waits for the lock. */
interface Waiter {
  granted: boolean;
  grant(): void;
}

/** A lock of this process: works that need it run one after the other, in the order in which they asked for it. */
export class Mutex {
  #held = false;
  /** Those who wait for the lock, in the order in which they asked for it. */
  readonly #waiters = new Set<Waiter>();

  /** Whether some work runs, or is about to. */
  get held(): boolean {
    return this.#held;
  }

  /** Whether some work waits for another to end. */
  get contended(): boolean {
    return this.#waiters.size > 0;
  }

  /**
   * Runs `work` once the works before it have ended, whatever became of them. The wait for that may take as long as `limit`
   * allows, by default for ever; `work` itself has no limit. A wait that is given up leaves the queue.
   * @throws ReflexError `time_limit`, or the signal's reason, if the wait was given up: `work` was not called then
   */
  async run<R>(work: () => Promise<R>, limit: LockLimit = NO_LIMIT): Promise<R> {
    await this.#acquire(limit);
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  #acquire(limit: LockLimit): Promise<void> {
    limit.signal?.throwIfAborted();
    if (this.#held) return this.#enqueue(limit);
    this.#held = true;
    return done;
  }

  #enqueue(limit: LockLimit): Promise<void> {
    const waiter: Waiter = { granted: false, grant: () => undefined };
    const turn = new Promise<void>((resolve) => {
      waiter.grant = resolve;
    });
    this.#waiters.add(waiter);
    const onGivenUp = (): void => {
      // The lock may be granted to a waiter whose wait is given up before it hears of the grant. The lock then goes to
      // the next waiter.
      if (waiter.granted) this.#release();
      else this.#waiters.delete(waiter);
    };
    return withTimeLimit(turn, { ...limit, onGivenUp });
  }

  #release(): void {
    const [next] = this.#waiters;
    if (next === undefined) {
      this.#held = false;
      return;
    }
    this.#waiters.delete(next);
    next.granted = true;
    next.grant();
  }
}
