const BUDGET_MS = 2;

/**
 * How long work may go on that only ever waits for promises. Those never let timers or sockets have their turn, so a long
 * stretch of it would hold up everything else in the process, the abort that is to end it too.
 */
export class WorkBudget {
  #since: number = performance.now();
  #turn: Promise<void> | undefined;

  get spent(): boolean {
    return performance.now() - this.#since > BUDGET_MS;
  }

  /** Gives timers and sockets a turn: one for all that ask for it, who then share the next stretch. */
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

/** The budget of all streams and runs: what starves timers is the sum of their work. */
export const processBudget: WorkBudget = new WorkBudget();
