const BUDGET_MS = 2;

/**
 * How long work may go on that only ever waits for promises. Those never let timers or sockets have their turn, so a long
 * stretch of it would hold up everything else in the process, the abort that is to end it too.
 */
export class WorkBudget {
  #since: number = performance.now();

  get spent(): boolean {
    return performance.now() - this.#since > BUDGET_MS;
  }

  /** Gives timers and sockets a turn. */
  async renew(): Promise<void> {
    await new Promise(setImmediate);
    this.#since = performance.now();
  }
}
