export const BUDGET_MS = 2;

/**
 * How long a piece of work may go on that waits for nothing but promises. Such work never gives timers or sockets their
 * turn. A long stretch of it would hold up everything else in the process, even the abort that is meant to end it.
 */
export class WorkBudget {
  #since: number = performance.now();
  #turn: Promise<void> | undefined;

  get spent(): boolean {
    return performance.now() - this.#since > BUDGET_MS;
  }

  /**
   * Gives timers and sockets a turn. All who ask for it meanwhile share one turn, and the next stretch of work after
   * it.
   */
  renew(): Promise<void> {
    this.#turn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#turn = undefined;
        this.#since = performance.now();
        resolve();
      });
    });
    return this.#turn;
  }
}

/** The one budget of all streams and runs in this process: it is the sum of their work that keeps timers waiting. */
export const processBudget: WorkBudget = new WorkBudget();
