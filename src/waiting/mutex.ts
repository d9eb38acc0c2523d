import { throwIfAborted } from "./abort.ts";
import { type Limit, withTimeLimit } from "./time-limit.ts";

/** Gives the lock back. Calling it again does nothing. */
export type Release = () => void;

interface Waiter {
  grant(): void;
}

/** A lock of this process, given in the order in which it was asked for. */
export class Mutex {
  #held = false;
  readonly #waiters = new Set<Waiter>();

  /** Whether someone holds the lock. */
  get held(): boolean {
    return this.#held;
  }

  /**
   * Waits for the lock, for as long as `limit` allows; a wait that is given up leaves the queue.
   * @throws ReflexError `time_limit`, or the signal's reason
   */
  async acquire(limit: Omit<Limit, "onGivenUp">): Promise<Release> {
    throwIfAborted(limit.signal);
    if (!this.#held) {
      this.#held = true;
      return this.#release();
    }
    return withTimeLimit(...this.#enqueue(limit));
  }

  #enqueue(limit: Omit<Limit, "onGivenUp">): [Promise<Release>, Limit] {
    const waiter: Waiter = { grant: () => undefined };
    let granted: Release | undefined;
    const work = new Promise<Release>((resolve) => {
      waiter.grant = () => {
        granted = this.#release();
        resolve(granted);
      };
    });
    this.#waiters.add(waiter);
    // The lock may be granted and the wait given up before the caller hears of either: then it goes to the next.
    const onGivenUp = (): void => {
      this.#waiters.delete(waiter);
      granted?.();
    };
    return [work, { ...limit, onGivenUp }];
  }

  #release(): Release {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const [next] = this.#waiters;
      if (next === undefined) {
        this.#held = false;
        return;
      }
      this.#waiters.delete(next);
      next.grant();
    };
  }
}
