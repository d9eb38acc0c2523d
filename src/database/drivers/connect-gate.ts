import { startTimer } from "../../waiting/timer.ts";
import type { PoolState } from "../database.ts";

// A connection that takes longer to open than this hangs: packets to the server are lost, or it does not greet.
const HANGS_AFTER_MS = 1000;
// When the second one is tried. An operating system repeats what was lost about every second at first, and then less often. Two
// attempts that begin half of a driver's usual time limit (10 s) apart have one repetition each second between them.
const STAGGER_MS = 5000;
const MOST_HANGING = 2;

/**
 * Keeps a pool from filling with connections that hang while they are opened. The pool would hold a place for each until its
 * own time limit, and have none left for the moment in which the server is back.
 */
export class ConnectGate {
  readonly #state: () => PoolState | undefined;
  /** When each acquisition that is under way began, by `performance.now()`. */
  readonly #pending = new Map<object, number>();
  readonly #waiting = new Set<() => void>();

  /** `state` tells how the pool's connections are used. */
  constructor(state: () => PoolState | undefined) {
    this.#state = state;
  }

  /** Acquires a connection as soon as one more may be opened. Asks `wanted` before that. */
  pass<C>(acquire: () => Promise<C>, wanted: () => boolean): Promise<C> {
    // Nearly always there is nothing to wait for, and a promise more would cost each transaction something.
    return this.#waitMs() > 0 ? this.#passLater(acquire, wanted) : this.#acquire(acquire);
  }

  async #passLater<C>(acquire: () => Promise<C>, wanted: () => boolean): Promise<C> {
    for (let waitMs = this.#waitMs(); waitMs > 0 && wanted(); waitMs = this.#waitMs()) await this.#settled(waitMs);
    if (!wanted()) throw new Error("nobody waits for this connection any more");
    return this.#acquire(acquire);
  }

  #acquire<C>(acquire: () => Promise<C>): Promise<C> {
    const acquired = acquire();
    const key = {};
    this.#pending.set(key, performance.now());
    const settle = (): void => {
      this.#pending.delete(key);
      for (const wake of this.#waiting) wake();
    };
    acquired.then(settle, settle);
    return acquired;
  }

  /** How long to wait before another connection may be opened, in ms, unless one under way settles sooner. */
  #waitMs(): number {
    if (this.#pending.size === 0) return 0;
    const state = this.#state();
    if (state === undefined || state.connecting === 0 || state.idle > 0) return 0;
    const now = performance.now();
    const hanging = [...this.#pending.values()].map((since) => now - since).filter((ms) => ms >= HANGS_AFTER_MS);
    if (hanging.length === 0) return 0;
    if (this.#pending.size >= MOST_HANGING) return HANGS_AFTER_MS;
    return Math.max(0, STAGGER_MS - Math.max(...hanging));
  }

  /** Resolves when an acquisition has settled, or after this time. */
  #settled(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#waiting.delete(wake);
        resolve();
      };
      const cancel = startTimer(waitMs, wake, { keepAlive: false });
      this.#waiting.add(wake);
    });
  }
}
