import type { ReflexErrorDetails } from "../errors/reflex-error.ts";
import { CountedRegistry } from "../waiting/counted-registry.ts";
import { startTimer } from "../waiting/timer.ts";
import type { Reporting } from "./observer.ts";
import type { PoolNeed, PoolUse } from "./pool-use.ts";

/** Who uses a pool, and whom to tell if the pool is too small. */
export interface PoolUser {
  readonly reporting: Reporting;
  /** The name of the consumer whose handler most likely takes a connection of this pool. None is counted without one. */
  readonly handlerOf?: string;
}

interface Warning {
  readonly reporting: Reporting;
  readonly message: string;
  readonly details: ReflexErrorDetails;
}

// How long nobody more must have come for a warning to be told. Programs start their runs together, and one warning is to have
// the sum of them all.
const TOGETHER_MS = 500;

const sums = new WeakMap<object, PoolSum>();

/**
 * Counts this use of a pool among all that this process makes of it, until the function is called that it returns. Warns if
 * the pool is smaller than what all of them may need at the same time, and again only when they need more.
 */
export function joinPool({ identity, size, needs }: PoolUse, user: PoolUser): () => void {
  if (size === undefined) return () => undefined;
  const sum = sums.get(identity) ?? new PoolSum(size);
  sums.set(identity, sum);
  return sum.join(user, needs);
}

/** All that is known to use one pool. */
class PoolSum {
  readonly #size: number;
  /** What is needed, by its words, with how many need it. */
  readonly #shared = new CountedRegistry<string, PoolNeed>();
  readonly #runs = new Set<PoolUser>();
  /** The most that was ever needed, if it was too much. */
  #worst: number;
  #warning: Warning | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(size: number) {
    this.#size = size;
    this.#worst = size;
  }

  join(user: PoolUser, needs: readonly PoolNeed[]): () => void {
    for (const need of needs) this.#shared.acquire(need.what, () => need);
    if (user.handlerOf !== undefined) this.#runs.add(user);
    this.#look(user.reporting);
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      for (const { what } of needs) this.#shared.release(what);
      this.#runs.delete(user);
      this.#warn();
    };
  }

  #look(reporting: Reporting): void {
    const needs = this.#needs;
    const needed = needs.reduce((sum, { connections }) => sum + connections, 0);
    if (needed <= this.#worst) return;
    this.#worst = needed;
    this.#warnSoon(reporting, needs, needed);
  }

  /** What is needed of the pool: what users share once, and a connection for each handler. */
  get #needs(): readonly PoolNeed[] {
    const shared = [...this.#shared.values];
    const { size } = this.#runs;
    if (size === 0) return shared;
    const what = size === 1 ? "the consumer's own queries" : "the queries of consumers, one each";
    return [...shared, { connections: size, what }];
  }

  get #users(): string {
    const [run] = this.#runs;
    if (run === undefined) return "the streams and cursors on it";
    return this.#runs.size === 1 ? `the run of ${run.handlerOf}` : `the ${this.#runs.size} runs on it`;
  }

  #warnSoon(reporting: Reporting, needs: readonly PoolNeed[], needed: number): void {
    const named = needs.map(({ connections, what }) => `${connections} for ${what}`).join(", ");
    const message = `a pool of ${this.#size} is too small for ${this.#users}, which may need ${needed} connections at the same time (${named}): raise its connectionLimit to ${needed} or more, as your other queries need connections too, or give some of them a pool of their own`;
    this.#warning = { reporting, message, details: { poolSize: this.#size, needed } };
    this.#cancelTimer?.();
    this.#cancelTimer = startTimer(TOGETHER_MS, () => this.#warn(), { keepAlive: false });
  }

  #warn(): void {
    const { reporting, message, details } = this.#warning ?? {};
    this.#cancelTimer?.();
    this.#cancelTimer = this.#warning = undefined;
    if (message !== undefined) reporting?.warn(message, details ?? {});
  }
}
